//! Element-wise operations on the CPU, which memory bounds.

use super::{BinaryOperation, BinaryProblem};
use crate::{
    Activation,
    device::Cpu,
    parallel,
    simd::{Kernel, Lanes, gelu},
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
        let x = &x[first..][..out.len()];
        match activation {
            Activation::None => out.copy_from_slice(x),
            Activation::Relu => {
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = if x < 0.0 { 0.0 } else { x };
                }
            }
            Activation::Gelu => cpu.isa.run(Gelu { x, out }),
        }
    });
}

struct Gelu<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(self) {
        for (x, out) in self.x.chunks(N).zip(self.out.chunks_mut(N)) {
            let y = gelu(Lanes::<N>::load_partial(x));
            out.copy_from_slice(&y.0[..out.len()]);
        }
    }
}
