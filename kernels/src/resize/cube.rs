//! Bilinear resizing on graphics devices.

use cubecl::prelude::*;

use super::ResizeProblem;
use crate::{
    KernelError,
    gpu::{Buffer, over},
};

/// Resizes `x`.
pub(super) fn resize_bilinear(problem: &ResizeProblem, x: &Buffer) -> Result<Buffer, KernelError> {
    let [height, width] = problem.to.keep;
    let elements = problem.batch * height * width * problem.channels;
    let gpu = x.gpu();
    let y = Buffer::allocate(gpu, elements)?;
    let samples = Buffer::upload(gpu, &samples(problem))?;
    let (cubes, units) = over(elements);
    bilinear::launch(
        gpu.client(),
        cubes,
        units,
        x.arg(),
        samples.arg(),
        y.arg(),
        SizesLaunch::new(
            problem.from[0],
            problem.from[1],
            height,
            width,
            problem.channels,
            elements,
        ),
    );
    Ok(y)
}

/// Returns, for each kept row and then for each kept column, its first and second sample and the
/// second's weight, so that they are those of the CPU to the bit. Indices are whole numbers below
/// 2²⁴, which `f32` holds exactly.
fn samples(problem: &ResizeProblem) -> Vec<f32> {
    let axis = |axis: usize| {
        (0..problem.to.keep[axis]).flat_map(move |index| {
            let ([first, second], weight) = problem.sample(axis, index);
            [first as f32, second as f32, weight]
        })
    };
    axis(0).chain(axis(1)).collect()
}

/// A resize's sizes.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Sizes {
    from_height: usize,
    from_width: usize,
    height: usize,
    width: usize,
    channels: usize,
    elements: usize,
}

/// A unit computes one element of the result.
#[cube(launch)]
fn bilinear(x: &[f32], samples: &[f32], y: &mut [f32], sizes: Sizes) {
    let at = ABSOLUTE_POS;
    if at < sizes.elements {
        let channel = at % sizes.channels;
        let pixel = at / sizes.channels;
        let row = pixel / sizes.width % sizes.height * 3;
        let column = (sizes.height + pixel % sizes.width) * 3;
        let image = pixel / sizes.width / sizes.height * sizes.from_height;
        let top = (image + samples[row] as usize) * sizes.from_width;
        let bottom = (image + samples[row + 1] as usize) * sizes.from_width;
        let down = samples[row + 2];
        let left = samples[column] as usize;
        let right = samples[column + 1] as usize;
        let across = samples[column + 2];
        let above = (1.0f32 - across) * x[(top + left) * sizes.channels + channel]
            + across * x[(top + right) * sizes.channels + channel];
        let below = (1.0f32 - across) * x[(bottom + left) * sizes.channels + channel]
            + across * x[(bottom + right) * sizes.channels + channel];
        y[at] = (1.0f32 - down) * above + down * below;
    }
}
