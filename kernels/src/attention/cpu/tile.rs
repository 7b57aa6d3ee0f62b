//! The two register tiles of attention, its innermost loops. See [`multiply`] and [`add_values`].
//!
//! Their sums live in registers only if they start at 0, not as a copy of an array in memory, and
//! if constants alone index them, not a loop of unknown length.

use crate::simd::Lanes;

/// One number for each query of a block, in memory: `Q` vectors.
pub(super) type PerQuery<const N: usize, const Q: usize> = [[f32; N]; Q];

/// Returns how many keys, or channels of values, share a register tile with two vectors of
/// queries: 8 × 2 + 2 + 1 of 32 registers, or 4 × 2 + 2 + 1 of 16.
pub(super) const fn rows(lanes: usize) -> usize {
    if lanes == 16 || cfg!(target_arch = "aarch64") {
        8
    } else {
        4
    }
}

/// Adds the product of each query with each key of a group, `[channels][T]`, to its score.
#[inline(always)]
pub(super) fn multiply<const N: usize, const Q: usize, const T: usize>(
    queries: &[PerQuery<N, Q>],
    keys: &[f32],
    scores: &mut [PerQuery<N, Q>; T],
) {
    let mut sums = [[Lanes::ZERO; Q]; T];
    let (keys, _) = keys.as_chunks::<T>();
    for (query, keys) in queries.iter().zip(keys) {
        // Loaded once, not as an operand of each multiply-add.
        let query = query.map(Lanes);
        for i in 0..T {
            let key = Lanes::splat(keys[i]);
            for j in 0..Q {
                sums[i][j] = key.fma(query[j], sums[i][j]);
            }
        }
    }
    for i in 0..T {
        for j in 0..Q {
            scores[i][j] = (Lanes(scores[i][j]) + sums[i][j]).0;
        }
    }
}

/// Fades the sums of a group of channels, then adds the weighted values, `[keys][T]`.
#[inline(always)]
pub(super) fn add_values<const N: usize, const Q: usize, const T: usize>(
    weights: &[PerQuery<N, Q>],
    values: &[f32],
    faded: &[Lanes<N>; Q],
    sums: &mut [PerQuery<N, Q>; T],
) {
    let mut added = [[Lanes::ZERO; Q]; T];
    let (values, _) = values.as_chunks::<T>();
    for (weight, values) in weights.iter().zip(values) {
        let weight = weight.map(Lanes);
        for i in 0..T {
            let value = Lanes::splat(values[i]);
            for j in 0..Q {
                added[i][j] = value.fma(weight[j], added[i][j]);
            }
        }
    }
    for i in 0..T {
        for j in 0..Q {
            sums[i][j] = Lanes(sums[i][j]).fma(faded[j], added[i][j]).0;
        }
    }
}
