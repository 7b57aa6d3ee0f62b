//! The gather on graphics devices.

use cubecl::prelude::*;

use super::GatherProblem;
use crate::{
    KernelError,
    gpu::{Buffer, over},
};

/// Returns the weighted means of `x`, `[batch, pixels, channels]`.
pub(super) fn gather(
    problem: &GatherProblem,
    x: &Buffer,
    logits: &Buffer,
) -> Result<Buffer, KernelError> {
    let GatherProblem {
        batch,
        pixels,
        channels,
    } = *problem;
    let y = Buffer::allocate(x.gpu(), batch * channels)?;
    if batch * channels > 0 {
        let (cubes, units) = over(batch * channels);
        gather_channels::launch(
            x.gpu().client(),
            cubes,
            units,
            x.arg(),
            logits.arg(),
            y.arg(),
            batch * channels,
            pixels,
            channels,
        );
    }
    Ok(y)
}

/// A unit computes one channel of one image in two passes over the image's pixels: the greatest
/// logit, then the sums. Neighbouring units load neighbouring channels.
#[cube(launch)]
fn gather_channels(
    x: &[f32],
    logits: &[f32],
    y: &mut [f32],
    elements: usize,
    pixels: usize,
    channels: usize,
) {
    let at = ABSOLUTE_POS;
    if at < elements {
        let channel = at % channels;
        let first = at / channels * pixels;
        let mut greatest = logits[first];
        for p in 1..pixels {
            greatest = f32::max(greatest, logits[first + p]);
        }
        let mut total = 0.0f32;
        let mut sum = 0.0f32;
        for p in 0..pixels {
            let weight = f32::exp(logits[first + p] - greatest);
            total += weight;
            sum = fma(weight, x[(first + p) * channels + channel], sum);
        }
        y[at] = sum / total;
    }
}
