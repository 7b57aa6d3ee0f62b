//! Element-wise operations on the CPU, which memory bounds.

use super::{BinaryOperation, BinaryProblem};
use crate::{
    Activation,
    device::Cpu,
    parallel,
    simd::{self, Kernel},
};

/// Writes `a ∘ b`, where `b` is repeated to fill `a`.
pub(super) fn binary(problem: &BinaryProblem, a: &[f32], b: &[f32], out: &mut [f32]) {
    parallel::for_row_blocks(out, 1, |first, out| {
        let mut done = 0;
        while done < out.len() {
            let phase = (first + done) % problem.period;
            let count = (problem.period - phase).min(out.len() - done);
            let a = &a[first + done..][..count];
            let b = &b[phase..][..count];
            let out = &mut out[done..][..count];
            match problem.operation {
                BinaryOperation::Add => combine(a, b, out, |a, b| a + b),
                BinaryOperation::Multiply => combine(a, b, out, |a, b| a * b),
            }
            done += count;
        }
    });
}

fn combine(a: &[f32], b: &[f32], out: &mut [f32], operation: impl Fn(f32, f32) -> f32) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = operation(a, b);
    }
}

/// Writes `activation(x)`.
pub(super) fn activate(cpu: &Cpu, activation: Activation, x: &[f32], out: &mut [f32]) {
    parallel::for_row_blocks(out, 1, |first, out| {
        out.copy_from_slice(&x[first..][..out.len()]);
        cpu.isa.run(Activate { activation, out });
    });
}

struct Activate<'a> {
    activation: Activation,
    out: &'a mut [f32],
}

impl Kernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(self) {
        simd::activate::<N>(self.activation, self.out);
    }
}
