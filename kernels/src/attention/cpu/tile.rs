//! The two register tiles of attention, its innermost loops. See [`score`] and [`add_values`].
//!
//! Their sums live in registers only if they start at 0, not as a copy of an array in memory, and
//! if constants alone index them, not a loop of unknown length.

use super::bias::KeyBias;
use crate::simd::{Factor, Lanes};

/// One number, or entry of an operand, for each query of a block, in memory: `Q` vectors.
pub(super) type PerQuery<const N: usize, const Q: usize, F = f32> = [[F; N]; Q];

/// Returns how many keys, or channels of values, share a register tile with three vectors of
/// queries: 8 × 3 + 3 + 1 of 32 registers, or 4 × 3 + 3 + 1 of 16.
pub(super) const fn rows(lanes: usize) -> usize {
    if lanes == 16 || cfg!(target_arch = "aarch64") {
        8
    } else {
        4
    }
}

/// Returns how many rows a loop's body takes. With few vectors a body of one row is so small that
/// LLVM turns the loop over rows into gathers and scatters, at a sixth of the speed.
const fn together(vectors: usize) -> usize {
    if vectors < 3 { 2 } else { 1 }
}

/// Returns the product of each query with each key of a group, `[channels][T]`.
#[inline(always)]
pub(super) fn multiply<F: Factor, const N: usize, const Q: usize, const T: usize>(
    queries: &[PerQuery<N, Q, F>],
    keys: &[F],
    products: &mut [PerQuery<N, Q>; T],
) {
    let mut sums = [[Lanes::ZERO; Q]; T];
    let (keys, _) = keys.as_chunks::<T>();
    for (query, keys) in queries.iter().zip(keys) {
        // Loaded once, not as an operand of each multiply-add.
        let query: PerQuery<N, Q, F> = *query;
        for first in (0..T / together(Q)).map(|i| i * together(Q)) {
            for i in first..first + together(Q) {
                for j in 0..Q {
                    sums[i][j] = keys[i].multiply_add(query[j], sums[i][j]);
                }
            }
        }
    }
    for i in 0..T {
        for j in 0..Q {
            products[i][j] = sums[i][j].0;
        }
    }
}

/// Writes the scores of each query with the keys of a tile, `[groups][channels][T]`: their product,
/// scaled, and its bias. Returns the greatest score of each query, or `greatest` where that is greater.
#[inline(always)]
pub(super) fn score<F: Factor, const N: usize, const Q: usize, const T: usize>(
    queries: &[PerQuery<N, Q, F>],
    keys: &[F],
    scale: f32,
    scores: &mut [PerQuery<N, Q>],
    mut greatest: [Lanes<N>; Q],
    mut bias: impl KeyBias<N, Q>,
) -> [Lanes<N>; Q] {
    let groups = keys.chunks_exact(queries.len() * T);
    for (scores, group) in scores.chunks_mut(T).zip(groups) {
        let mut products = [[[0.0; N]; Q]; T];
        multiply(queries, group, &mut products);
        for i in 0..T {
            // The last group may hold fewer keys than it has room for.
            if i < scores.len() {
                let bias = bias.next();
                for j in 0..Q {
                    let score = Lanes(products[i][j]).fma(Lanes::splat(scale), bias[j]);
                    greatest[j] = score.max(greatest[j]);
                    scores[i][j] = score.0;
                }
            }
        }
    }
    greatest
}

/// Fades the sums of a group of channels, then adds the weighted values, `[keys][T]`.
#[inline(always)]
pub(super) fn add_values<F: Factor, const N: usize, const Q: usize, const T: usize>(
    weights: &[PerQuery<N, Q, F>],
    values: &[F],
    faded: &[Lanes<N>; Q],
    sums: &mut [PerQuery<N, Q>; T],
) {
    let mut added = [[Lanes::ZERO; Q]; T];
    let (values, _) = values.as_chunks::<T>();
    for (weight, values) in weights.iter().zip(values) {
        let weight: PerQuery<N, Q, F> = *weight;
        for first in (0..T / together(Q)).map(|i| i * together(Q)) {
            for i in first..first + together(Q) {
                for j in 0..Q {
                    added[i][j] = values[i].multiply_add(weight[j], added[i][j]);
                }
            }
        }
    }
    for first in (0..T / together(Q)).map(|i| i * together(Q)) {
        for i in first..first + together(Q) {
            for j in 0..Q {
                sums[i][j] = Lanes(sums[i][j]).fma(faded[j], added[i][j]).0;
            }
        }
    }
}
