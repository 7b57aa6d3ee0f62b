//! The gather on the CPU. Pixels are summed in blocks of one size, and the blocks in order, so that
//! threads do not change a bit.

use rayon::prelude::*;

use super::GatherProblem;
use crate::{
    device::Cpu,
    simd::{self, Kernel},
};

/// Pixels that one task sums.
const BLOCK: usize = 1024;

/// Writes the weighted means of `x`, `[batch, pixels, channels]`.
pub(super) fn gather(
    cpu: &Cpu,
    problem: &GatherProblem,
    x: &[f32],
    logits: &[f32],
    out: &mut [f32],
) {
    let GatherProblem {
        pixels, channels, ..
    } = *problem;
    if channels == 0 {
        return;
    }
    let images = x.chunks_exact(pixels * channels);
    let images = images.zip(logits.chunks_exact(pixels));
    for ((x, logits), out) in images.zip(out.chunks_exact_mut(channels)) {
        let greatest = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let blocks: Vec<Sums> = x
            .par_chunks(BLOCK * channels)
            .zip(logits.par_chunks(BLOCK))
            .map(|(x, logits)| {
                cpu.isa.run(Block {
                    x,
                    logits,
                    greatest,
                    channels,
                })
            })
            .collect();
        let total: f32 = blocks.iter().map(|block| block.weight).sum();
        out.fill(0.0);
        for block in &blocks {
            for (out, sum) in out.iter_mut().zip(&block.values) {
                *out += sum;
            }
        }
        for out in out {
            *out /= total;
        }
    }
}

/// Some pixels of an image.
struct Block<'a> {
    x: &'a [f32],
    logits: &'a [f32],
    /// The greatest logit of the image.
    greatest: f32,
    channels: usize,
}

/// What a block adds up to.
struct Sums {
    weight: f32,
    values: Vec<f32>,
}

impl Kernel for Block<'_> {
    type Output = Sums;

    #[inline(always)]
    fn run<const N: usize>(self) -> Sums {
        let mut values = vec![0.0; self.channels];
        let mut total = 0.0;
        for (pixel, logit) in self.x.chunks_exact(self.channels).zip(self.logits) {
            let weight = simd::exp_nonpositive::<N>(logit - self.greatest);
            total += weight;
            for (value, &x) in values.iter_mut().zip(pixel) {
                *value = simd::fma::<N>(weight, x, *value);
            }
        }
        Sums {
            weight: total,
            values,
        }
    }
}
