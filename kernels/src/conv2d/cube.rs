//! Convolutions on graphics devices: full ones as a [product], depthwise
//! ones by one unit per output.

use cubecl::prelude::*;

use super::{Conv2dProblem, ConvLayout, Groups};
use crate::{
    KernelError,
    gpu::{
        Buffer, Gpu,
        epilogue::{Steps, finish},
        over,
        product::{self, Finish, Geometry, PackedWeights, Store},
    },
};

/// A convolution's parameters on a device.
#[derive(Clone, Debug)]
pub(super) enum Packed {
    /// For the product.
    Full(PackedWeights),
    /// `[kernel height, kernel width, channels]`, so that neighbouring units load neighbours.
    Depthwise {
        /// The taps.
        weight: Buffer,
        /// One per channel.
        bias: Option<Buffer>,
    },
}

/// Packs the weight `[outputs, inputs or 1, kernel height, kernel width]` and the bias.
pub(super) fn pack(
    gpu: &Gpu,
    layout: ConvLayout,
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Result<Packed, KernelError> {
    let ConvLayout {
        inputs,
        outputs,
        kernel: [kh, kw],
        groups,
        ..
    } = layout;
    match groups {
        Groups::Full => {
            // Elements of a run are [kernel column, input].
            let at = |a: usize, e: usize, o: usize| {
                weight[((o * inputs + e % inputs) * kh + a) * kw + e / inputs]
            };
            PackedWeights::pack(gpu, [kh, kw * inputs, outputs], at, bias).map(Packed::Full)
        }
        Groups::Depthwise => {
            let taps = kh * kw;
            let turned: Vec<f32> = (0..taps * outputs)
                .map(|i| weight[i % outputs * taps + i / outputs])
                .collect();
            Ok(Packed::Depthwise {
                weight: Buffer::upload(gpu, &turned)?,
                bias: bias.map(|bias| Buffer::upload(gpu, bias)).transpose()?,
            })
        }
    }
}

/// Convolves.
pub(super) fn conv2d(
    problem: &Conv2dProblem,
    x: &Buffer,
    weights: &Packed,
    residual: Option<&Buffer>,
) -> Result<Buffer, KernelError> {
    let output = problem.output_size();
    let ConvLayout {
        inputs,
        kernel,
        stride,
        padding,
        ..
    } = problem.layout;
    let pixels = problem.batch * output[0] * output[1];
    let activation = problem.activation;
    match weights {
        Packed::Full(weights) => {
            let geometry = Geometry {
                rows: pixels,
                height: problem.height,
                pitch: problem.width * inputs,
                output,
                stride,
                padding,
                channels: inputs,
            };
            let finish = Finish {
                residual,
                activation,
                store: Store::Rows,
            };
            product::launch(x.gpu(), x, weights, &geometry, finish)
        }
        Packed::Depthwise { weight, bias } => {
            let y = Buffer::allocate(x.gpu(), pixels * inputs)?;
            let steps = Steps {
                bias: bias.is_some(),
                residual: residual.is_some(),
                activation,
            };
            let (cubes, units) = over(pixels * inputs);
            depthwise::launch(
                x.gpu().client(),
                cubes,
                units,
                x.arg(),
                weight.arg(),
                bias.as_ref().unwrap_or(x).arg(),
                residual.unwrap_or(x).arg(),
                y.arg(),
                DepthwiseSizesLaunch::new(
                    problem.height,
                    problem.width,
                    output[0],
                    output[1],
                    inputs,
                    stride,
                    padding,
                    pixels * inputs,
                ),
                kernel,
                steps,
            );
            Ok(y)
        }
    }
}

/// A depthwise convolution's sizes.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct DepthwiseSizes {
    height: usize,
    width: usize,
    out_height: usize,
    out_width: usize,
    channels: usize,
    stride: usize,
    padding: usize,
    elements: usize,
}

/// A unit computes one output; neighbouring units neighbouring channels.
#[cube(launch)]
fn depthwise(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    residual: &[f32],
    y: &mut [f32],
    sizes: DepthwiseSizes,
    #[comptime] kernel: [usize; 2],
    #[comptime] steps: Steps,
) {
    let at = ABSOLUTE_POS;
    if at < sizes.elements {
        let channel = at % sizes.channels;
        let pixel = at / sizes.channels;
        let column = pixel % sizes.out_width * sizes.stride;
        let row = pixel / sizes.out_width % sizes.out_height * sizes.stride;
        let image = pixel / sizes.out_width / sizes.out_height;
        let mut sum = 0.0f32;
        for a in 0..comptime!(kernel[0]) {
            for b in 0..comptime!(kernel[1]) {
                // Wraps to a huge number above and left of the image.
                let i = (row + a) - sizes.padding;
                let j = (column + b) - sizes.padding;
                let inside = i < sizes.height && j < sizes.width;
                let from = select(inside, (image * sizes.height + i) * sizes.width + j, 0);
                let value = select(inside, x[from * sizes.channels + channel], 0.0f32);
                sum = fma(
                    value,
                    weight[(a * comptime!(kernel[1]) + b) * sizes.channels + channel],
                    sum,
                );
            }
        }
        y[at] = finish(sum, bias, residual, at, channel, steps);
    }
}
