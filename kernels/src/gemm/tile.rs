//! The register tile: the innermost loop of every product. See [`accumulate`].

use super::Source;
use crate::simd::{Factor, Lanes};

/// Rows of a tile. With [`vectors`] columns of vectors it leaves registers for a row of `B` and an
/// element of `A`: 6 × 4 + 4 + 1 of 32, or 6 × 2 + 2 + 1 of 16.
pub(super) const ROWS: usize = 6;

/// Returns how many vectors wide a tile is, for vectors of `lanes` numbers: 4 where there are 32
/// registers (AVX-512, NEON), 2 where there are 16.
pub(super) const fn vectors(lanes: usize) -> usize {
    if lanes == 16 || cfg!(target_arch = "aarch64") {
        4
    } else {
        2
    }
}

/// A tile of `C`.
pub(super) type Tile<const N: usize, const V: usize> = [[Lanes<N>; V]; ROWS];

/// Writes the products of the rows of `A` that start at `offsets` with a panel of `V` vectors.
///
/// The sums are a local array that only constant indices touch, and are copied out once: returned
/// by value, they would live in the caller's memory and every multiply-add would store them.
#[inline(always)]
pub(super) fn accumulate<const N: usize, const V: usize, F: Factor>(
    source: &Source<'_, F>,
    offsets: &[usize; ROWS],
    panel: &[F],
    tile: &mut Tile<N, V>,
) {
    let mut sums = [[Lanes::ZERO; V]; ROWS];
    let (vectors, _) = panel.as_chunks::<N>();
    let (panel, _) = vectors.as_chunks::<V>();
    for segment in 0..source.segments {
        let panel = &panel[segment * source.segment..][..source.segment];
        let a: [&[F]; ROWS] = std::array::from_fn(|i| {
            &source.data[offsets[i] + segment * source.segment_stride..][..source.segment]
        });
        let [a0, a1, a2, a3, a4, a5] = a;
        // Zipped, so that nothing is checked per step.
        let rows = a0.iter().zip(a1).zip(a2).zip(a3).zip(a4).zip(a5);
        for (b, (((((a0, a1), a2), a3), a4), a5)) in panel.iter().zip(rows) {
            // Loaded once, not as an operand of each multiply-add.
            let b: [[F; N]; V] = *b;
            let a = [a0, a1, a2, a3, a4, a5];
            for i in 0..ROWS {
                for j in 0..V {
                    sums[i][j] = a[i].multiply_add(b[j], sums[i][j]);
                }
            }
        }
    }
    *tile = sums;
}
