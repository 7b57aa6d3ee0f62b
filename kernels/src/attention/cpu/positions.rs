//! SAM's decomposed relative positions, with queries as vectors. See [`biases`].

use super::tile::{PerQuery, multiply};
use crate::simd::Factor;

/// Writes, for each position `p` of an axis, the product of each query with the table's row
/// `position − p + extent − 1`.
///
/// Neighbouring queries share most of those rows, so all that any query of the block needs are
/// multiplied with all queries, as if they were keys, and each query then picks its own. `table`
/// is packed as keys are; `position` gives the position of the query in a lane; `out` has one
/// entry per position of the axis.
#[inline(always)]
pub(super) fn biases<F: Factor, const N: usize, const Q: usize, const T: usize>(
    queries: &[PerQuery<N, Q, F>],
    table: &[F],
    position: impl Fn(usize) -> usize,
    out: &mut [PerQuery<N, Q>],
) {
    let positions = || (0..Q * N).map(&position);
    let lowest = positions().min().unwrap_or(0);
    let greatest = positions().max().unwrap_or(0);
    // Of the rows from `lowest` to `greatest + extent − 1`, the groups that hold them.
    let groups = lowest / T..(greatest + out.len()).div_ceil(T);
    let first = groups.start * T;
    let mut products = vec![[[0.0; N]; Q]; groups.len() * T];
    let rows = table[first * queries.len()..].chunks_exact(T * queries.len());
    let (by_group, _) = products.as_chunks_mut::<T>();
    for (products, rows) in by_group.iter_mut().zip(rows) {
        multiply(queries, rows, products);
    }
    for (lane, position) in positions().enumerate() {
        let products = &products[position - first..][..out.len()];
        for (out, product) in out.iter_mut().rev().zip(products) {
            out[lane / N][lane % N] = product[lane / N][lane % N];
        }
    }
}
