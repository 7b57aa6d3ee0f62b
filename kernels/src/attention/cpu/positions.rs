//! SAM's decomposed relative positions, with queries as vectors. See [`biases`].

use super::block::{PerQuery, add_products};
use crate::simd::Lanes;

/// Writes, for each position `p` of an axis, the product of each query with the table's row
/// `position − p + extent − 1`.
///
/// Neighbouring queries share most of those rows, so all that any query of the block needs are
/// multiplied with all queries, as if they were keys, and each query then picks its own.
/// `position` gives the position of the query in a lane; `out` has one entry per position of the
/// axis.
#[inline(always)]
pub(super) fn biases<const N: usize, const Q: usize, const T: usize>(
    queries: &[PerQuery<N, Q>],
    table: &[f32],
    position: impl Fn(usize) -> usize,
    out: &mut [PerQuery<N, Q>],
) {
    let positions = || (0..Q * N).map(&position);
    let lowest = positions().min().unwrap_or(0);
    let greatest = positions().max().unwrap_or(0);
    // Row `position − p + extent − 1` with p = extent − 1 down to 0.
    let count = greatest - lowest + out.len();
    let d = queries.len();
    let mut products = vec![[Lanes::ZERO; Q]; count];
    add_products::<N, Q, T>(queries, &table[lowest * d..], d, &mut products);
    for (lane, position) in positions().enumerate() {
        let products = &products[position - lowest..][..out.len()];
        for (out, product) in out.iter_mut().rev().zip(products) {
            out[lane / N].0[lane % N] = product[lane / N].0[lane % N];
        }
    }
}
