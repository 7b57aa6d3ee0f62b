//! Layer norm on the CPU: a row stays in the first-level cache over its three passes.

use super::{NormProblem, NormWeights};
use crate::{
    device::Cpu,
    parallel,
    simd::{Kernel, Lanes},
};

/// Independent sums of a row, which hide the latency of an addition.
const SUMS: usize = 4;

/// Writes the normalised rows of `x`, `[rows, channels]`.
pub(super) fn layer_norm(
    cpu: &Cpu,
    problem: &NormProblem,
    x: &[f32],
    weights: &NormWeights,
    out: &mut [f32],
) {
    let channels = problem.channels;
    parallel::for_row_blocks(out, channels, |first, out| {
        let x = &x[first * channels..][..out.len()];
        cpu.isa.run(Rows { x, weights, out });
    });
}

/// Some rows.
struct Rows<'a> {
    x: &'a [f32],
    weights: &'a NormWeights,
    out: &'a mut [f32],
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(self) {
        let NormWeights {
            weight,
            bias,
            epsilon,
            ..
        } = self.weights;
        let channels = weight.len();
        let rows = self.x.chunks_exact(channels);
        for (x, out) in rows.zip(self.out.chunks_exact_mut(channels)) {
            let count = channels as f32;
            let mean = sum::<N>(x, |x| x, |x| x) / count;
            let mean_lanes = Lanes::splat(mean);
            let squares = sum::<N>(
                x,
                |x| (x - mean_lanes) * (x - mean_lanes),
                |x| (x - mean) * (x - mean),
            );
            let scale = 1.0 / (squares / count + epsilon).sqrt();
            for (((y, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
                *y = (x - mean) * scale * weight + bias;
            }
        }
    }
}

/// Returns the sum of a function of each number, given for vectors and for one number.
#[inline(always)]
fn sum<const N: usize>(
    x: &[f32],
    of_lanes: impl Fn(Lanes<N>) -> Lanes<N>,
    of_one: impl Fn(f32) -> f32,
) -> f32 {
    let (vectors, tail) = x.as_chunks::<N>();
    let (groups, rest) = vectors.as_chunks::<SUMS>();
    let mut sums = [Lanes::<N>::ZERO; SUMS];
    for group in groups {
        for i in 0..SUMS {
            sums[i] += of_lanes(Lanes(group[i]));
        }
    }
    for (sum, vector) in sums.iter_mut().zip(rest) {
        *sum += of_lanes(Lanes(*vector));
    }
    let total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    tail.iter().fold(total.sum(), |total, &x| total + of_one(x))
}
