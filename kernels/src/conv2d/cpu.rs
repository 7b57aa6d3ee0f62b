//! Convolution on the CPU. See [`conv2d`].
//!
//! A full convolution is a matrix product whose left side is the image itself: in a channel-last
//! image the pixels under one row of the kernel lie together, so a row of the product is one
//! segment per row of the kernel, and nothing is gathered. Padding is the one thing that needs a
//! copy, of the image with its border. Larger kernels of 3 × 3 take the way of [`winograd`], in
//! `f32` also where operands are rounded: it saves more than narrower numbers would, which its
//! transforms do not bear.

use rayon::prelude::*;

use super::{Conv2dProblem, ConvLayout, Groups, depthwise, winograd};
use crate::{
    buffer::Buffer,
    device::Cpu,
    gemm::{self, Panels, Source},
};

/// A convolution's parameters on the CPU.
#[derive(Clone, Debug)]
pub(super) enum Packed {
    /// Rows of the matrix are `(kernel row, kernel column, input)`.
    Full {
        direct: Panels,
        winograd: Option<winograd::Kernels>,
    },
    /// One kernel per channel.
    Depthwise(depthwise::Kernels),
}

/// Packs a weight `[outputs, inputs or 1, kernel height, kernel width]`.
pub(super) fn pack(cpu: &Cpu, layout: &ConvLayout, weight: &[f32], bias: Option<&[f32]>) -> Packed {
    let ConvLayout {
        inputs,
        outputs,
        kernel: [kh, kw],
        ..
    } = *layout;
    match layout.groups {
        Groups::Full => {
            let shape = [kh * kw * inputs, outputs];
            let direct = Panels::new(cpu.isa, cpu.precision, shape, bias, |row, output| {
                let (tap, input) = (row / inputs, row % inputs);
                weight[(output * inputs + input) * kh * kw + tap]
            });
            let winograd = winograd::fits(layout)
                .then(|| winograd::Kernels::new(cpu.isa, layout, &cpu.rounded(weight), bias));
            Packed::Full { direct, winograd }
        }
        Groups::Depthwise => Packed::Depthwise(depthwise::Kernels::new(layout, weight, bias)),
    }
}

/// Writes the convolution of `x`, `[batch, height, width, inputs]`.
pub(super) fn conv2d(
    cpu: &Cpu,
    problem: &Conv2dProblem,
    x: &[f32],
    packed: &Packed,
    residual: Option<&[f32]>,
    out: &mut [f32],
) {
    let panels = match packed {
        Packed::Depthwise(kernels) => {
            return depthwise::convolve(cpu, problem, x, kernels, residual, out);
        }
        Packed::Full { direct, winograd } => {
            let done = winograd.as_ref().is_some_and(|kernels| {
                let x = &cpu.rounded(x);
                winograd::convolve(cpu, problem, x, kernels, residual, out)
            });
            if done {
                return;
            }
            direct
        }
    };
    let ConvLayout {
        inputs,
        kernel: [kh, kw],
        stride,
        padding,
        ..
    } = problem.layout;
    let [out_height, out_width] = problem.output_size();
    let [height, width] = [problem.height + 2 * padding, problem.width + 2 * padding];
    let padded = (padding > 0).then(|| pad(cpu, problem, x));
    let line = width * inputs;
    let source = Source {
        data: padded.as_deref().unwrap_or(x),
        segments: kh,
        segment: kw * inputs,
        segment_stride: line,
        line: [out_width, out_height],
        strides: [stride * inputs, stride * line, height * line],
    };
    gemm::gemm(cpu, &source, panels, residual, problem.activation, out);
}

/// Copies the images with a border of zeros.
fn pad(cpu: &Cpu, problem: &Conv2dProblem, x: &[f32]) -> Buffer {
    let ConvLayout {
        inputs, padding, ..
    } = problem.layout;
    let [height, width] = [problem.height + 2 * padding, problem.width + 2 * padding];
    let mut padded = cpu.buffer(problem.batch * height * width * inputs);
    if padded.is_empty() {
        return padded;
    }
    let line = problem.width * inputs;
    padded
        .par_chunks_mut(width * inputs)
        .enumerate()
        .for_each(|(row, out)| {
            let (n, y) = (row / height, row % height);
            if (padding..padding + problem.height).contains(&y) {
                let (left, rest) = out.split_at_mut(padding * inputs);
                let (middle, right) = rest.split_at_mut(line);
                left.fill(0.0);
                middle.copy_from_slice(&x[(n * problem.height + y - padding) * line..][..line]);
                right.fill(0.0);
            } else {
                out.fill(0.0);
            }
        });
    padded
}
