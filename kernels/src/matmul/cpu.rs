//! The batched product on the CPU, for few rows of `a` and many of `b`: vectors run over the
//! summed axis, and a row of `b` is used for all rows of `a` while it is in the cache.

use rayon::prelude::*;

use super::MatmulProblem;
use crate::{
    device::Cpu,
    simd::{Kernel, Lanes},
};

/// Columns of the result that one task computes, for all rows.
const COLUMNS: usize = 1024;

/// Writes `a bᵀ` for each of the batch.
pub(super) fn matmul_transposed(
    cpu: &Cpu,
    problem: &MatmulProblem,
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    let MatmulProblem {
        rows,
        columns,
        inner,
        ..
    } = *problem;
    if out.is_empty() {
        return;
    }
    let (a, b) = (cpu.rounded(a), cpu.rounded(b));
    let mut tasks = Vec::new();
    for (n, out) in out.chunks_mut(rows * columns).enumerate() {
        let a = &a[n * rows * inner..][..rows * inner];
        let b = &b[n * columns * inner..][..columns * inner];
        let first = tasks.len();
        tasks.extend((0..columns).step_by(COLUMNS).map(|column| Columns {
            a,
            b: &b[column * inner..(column + COLUMNS).min(columns) * inner],
            inner,
            out: Vec::with_capacity(rows),
        }));
        for row in out.chunks_mut(columns) {
            for (task, out) in tasks[first..].iter_mut().zip(row.chunks_mut(COLUMNS)) {
                task.out.push(out);
            }
        }
    }
    tasks.into_par_iter().for_each(|task| cpu.isa.run(task));
}

/// Some columns of one product.
struct Columns<'a> {
    /// `[rows, inner]`
    a: &'a [f32],
    /// `[columns, inner]`
    b: &'a [f32],
    inner: usize,
    /// The columns of each row.
    out: Vec<&'a mut [f32]>,
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(mut self) {
        if self.inner == 0 {
            self.out.iter_mut().for_each(|out| out.fill(0.0));
            return;
        }
        for (column, b) in self.b.chunks_exact(self.inner).enumerate() {
            for (a, out) in self.a.chunks_exact(self.inner).zip(&mut self.out) {
                out[column] = dot::<N>(a, b);
            }
        }
    }
}

#[inline(always)]
fn dot<const N: usize>(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_tail) = a.as_chunks::<N>();
    let (b, b_tail) = b.as_chunks::<N>();
    let mut sum = Lanes::<N>::ZERO;
    for (a, b) in a.iter().zip(b) {
        sum = Lanes(*a).fma(Lanes(*b), sum);
    }
    let tails = a_tail.iter().zip(b_tail);
    tails.fold(sum.sum(), |sum, (a, b)| sum + a * b)
}
