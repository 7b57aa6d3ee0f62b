//! Batched products of two tensors on graphics devices. In our models they have 4 rows, so that
//! reading `b` takes longer than any arithmetic: there is nothing for tensor cores to do.

use cubecl::prelude::*;

use super::MatmulProblem;
use crate::{
    KernelError,
    gpu::{
        Buffer, over,
        precision::{rounded, with_precision},
    },
};

/// Returns `a bᵀ` for each of the batch.
pub(super) fn matmul_transposed(
    problem: &MatmulProblem,
    a: &Buffer,
    b: &Buffer,
) -> Result<Buffer, KernelError> {
    let MatmulProblem {
        batch,
        rows,
        columns,
        inner,
    } = *problem;
    let elements = batch * rows * columns;
    let y = Buffer::allocate(a.gpu(), elements)?;
    let (cubes, units) = over(elements);
    with_precision!(a.gpu().precision(), P => dot_products::launch::<P>(
        a.gpu().client(),
        cubes,
        units,
        a.arg(),
        b.arg(),
        y.arg(),
        elements,
        rows,
        columns,
        inner,
    ));
    Ok(y)
}

/// A unit computes one element of rounded operands: the inner axis is short (32 in SAM's decoder), and `a` has so
/// few rows that it stays in a cache.
#[cube(launch)]
fn dot_products<P: Float>(
    a: &[f32],
    b: &[f32],
    y: &mut [f32],
    elements: usize,
    rows: usize,
    columns: usize,
    inner: usize,
) {
    let at = ABSOLUTE_POS;
    if at < elements {
        let column = at % columns;
        let row = at / columns;
        let a0 = row * inner;
        let b0 = (row / rows * columns + column) * inner;
        let mut sum = 0.0f32;
        for i in 0..inner {
            sum = fma(rounded::<P>(a[a0 + i]), rounded::<P>(b[b0 + i]), sum);
        }
        y[at] = sum;
    }
}
