//! What is added to the scores of one key after another. See [`KeyBias`].

use super::tile::PerQuery;
use crate::simd::Lanes;

/// The bias of each query of a block, key by key.
pub(super) trait KeyBias<const N: usize, const Q: usize> {
    /// Returns the bias of the next key. Must be `#[inline(always)]`, as all that a
    /// [`Kernel`](crate::simd::Kernel) calls.
    fn next(&mut self) -> [Lanes<N>; Q];
}

/// Nothing is added.
pub(super) struct Nothing;

impl<const N: usize, const Q: usize> KeyBias<N, Q> for Nothing {
    #[inline(always)]
    fn next(&mut self) -> [Lanes<N>; Q] {
        [Lanes::ZERO; Q]
    }
}

/// Rows of a table, as [`pack::table`](super::pack::table) packs it.
pub(super) struct TableRows<'a> {
    /// From the block's first query of the next key on.
    pub(super) rest: &'a [f32],
    /// How far the next row is.
    pub(super) stride: usize,
}

impl<const N: usize, const Q: usize> KeyBias<N, Q> for TableRows<'_> {
    #[inline(always)]
    fn next(&mut self) -> [Lanes<N>; Q] {
        let (bias, _) = self.rest[..Q * N].as_chunks::<N>();
        self.rest = &self.rest[self.stride.min(self.rest.len())..];
        std::array::from_fn(|j| Lanes(bias[j]))
    }
}

/// Relative positions: the bias of a key's row plus that of its column.
pub(super) struct Positions<'a, const N: usize, const Q: usize> {
    pub(super) of_rows: &'a [PerQuery<N, Q>],
    pub(super) of_columns: &'a [PerQuery<N, Q>],
    /// Row and column of the next key.
    pub(super) next: [usize; 2],
}

impl<const N: usize, const Q: usize> KeyBias<N, Q> for Positions<'_, N, Q> {
    #[inline(always)]
    fn next(&mut self) -> [Lanes<N>; Q] {
        let [row, column] = self.next;
        let (of_row, of_column) = (&self.of_rows[row], &self.of_columns[column]);
        self.next = if column + 1 == self.of_columns.len() {
            [row + 1, 0]
        } else {
            [row, column + 1]
        };
        let mut bias = [Lanes::ZERO; Q];
        for j in 0..Q {
            bias[j] = Lanes(of_row[j]) + Lanes(of_column[j]);
        }
        bias
    }
}
