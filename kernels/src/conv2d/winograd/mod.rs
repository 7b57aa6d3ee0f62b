//! Convolution of 3 × 3 taps and stride 1 on the CPU, in four times fewer multiplications.
//!
//! Winograd's minimal filtering F(4 × 4, 3 × 3) as Lavin and Gray use it (arXiv:1509.09308): a patch
//! of 6 × 6 pixels is transformed, multiplied with the transformed kernel, and transformed back to
//! 4 × 4 results. Over all channels and patches, each of the 36 positions is a matrix product. See
//! [`convolve`].
//!
//! The transforms' sums cancel, so results are rounded more than those of the direct sum: with the
//! points of [`transform`], to about three times its error. NaN and infinity would spread over their
//! patch; an image that has them is convolved directly.

mod patch;
mod transform;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{Conv2dProblem, ConvLayout, Groups};
use crate::{Precision, device::Cpu, gemm::Panels, simd::Isa};
use patch::PatchRows;
use transform::{PATCH, RESULT};

/// Positions of a transformed patch.
const POSITIONS: usize = PATCH * PATCH;

/// Below this many channels, in or out, transforming costs more than it saves.
const FEWEST_CHANNELS: usize = 16;

/// What transformed patches and their products may take, in bytes: they are written and read once
/// each between the transforms, so they should stay in a core's second-level cache.
const BLOCK_BYTES: usize = 512 << 10;

/// Fewest patches of a block where the image has them: each block reads the whole kernel, 36
/// numbers for nine, which only then pays.
const FEWEST_PATCHES: usize = 24;

/// Kernels, transformed.
#[derive(Clone, Debug)]
pub(super) struct Kernels {
    /// By position: `[inputs, outputs padded to whole vectors]`.
    products: Vec<Panels>,
    /// `[outputs padded to whole vectors]`
    bias: Vec<f32>,
}

/// Returns whether a kernel is of the kind, and large enough.
pub(super) fn fits(layout: &ConvLayout) -> bool {
    layout.kernel == [3, 3]
        && layout.stride == 1
        && layout.groups == Groups::Full
        && layout.inputs.min(layout.outputs) >= FEWEST_CHANNELS
}

impl Kernels {
    /// Transforms a weight `[outputs, inputs, 3, 3]`; computed in `f64`, rounded once.
    pub(super) fn new(isa: Isa, layout: &ConvLayout, weight: &[f32], bias: Option<&[f32]>) -> Self {
        let (inputs, outputs) = (layout.inputs, layout.outputs);
        let padded = outputs.next_multiple_of(isa.lanes());
        let (taps, _) = weight.as_chunks::<9>();
        let transformed: Vec<[f32; POSITIONS]> = taps.iter().map(transform::kernel).collect();
        let product = |position: usize| {
            Panels::new(
                isa,
                Precision::F32,
                [inputs, padded],
                None,
                |input, output| {
                    let kernel = (output < outputs).then(|| &transformed[output * inputs + input]);
                    kernel.map_or(0.0, |kernel| kernel[position])
                },
            )
        };
        let mut bias = bias.map_or_else(Vec::new, <[f32]>::to_vec);
        bias.resize(padded, 0.0);
        Self {
            products: (0..POSITIONS).map(product).collect(),
            bias,
        }
    }
}

/// Writes the convolution of `x`, `[batch, height, width, inputs]`. Returns `false`, with anything
/// written, if a number on the way was not finite.
pub(super) fn convolve(
    cpu: &Cpu,
    problem: &Conv2dProblem,
    x: &[f32],
    kernels: &Kernels,
    residual: Option<&[f32]>,
    out: &mut [f32],
) -> bool {
    let Conv2dProblem { layout, .. } = *problem;
    let [height, width] = problem.output_size();
    let line = width * layout.outputs;
    if out.is_empty() {
        return true;
    }
    let rows = patch_rows(problem, cpu.isa);
    let is_finite = AtomicBool::new(true);
    let block = |(image, first): (usize, usize), out: &mut [f32]| {
        let start = image * height * line + first * line;
        let block = PatchRows {
            problem,
            x: &x[image * problem.height * problem.width * layout.inputs..]
                [..problem.height * problem.width * layout.inputs],
            kernels,
            first_line: first,
            residual: residual.map(|residual| &residual[start..][..out.len()]),
            out,
            cpu,
        };
        if !cpu.isa.run(block) {
            is_finite.store(false, Ordering::Relaxed);
        }
    };
    out.par_chunks_mut(height * line)
        .enumerate()
        .for_each(|(image, out)| {
            out.par_chunks_mut(rows * RESULT * line)
                .enumerate()
                .for_each(|(index, out)| block((image, index * rows * RESULT), out));
        });
    is_finite.into_inner()
}

/// Returns how many rows of patches one task computes.
fn patch_rows(problem: &Conv2dProblem, isa: Isa) -> usize {
    let [height, width] = problem.output_size().map(|length| length.div_ceil(RESULT));
    let ConvLayout {
        inputs, outputs, ..
    } = problem.layout;
    let channels = (inputs + outputs).next_multiple_of(isa.lanes());
    let patches = (BLOCK_BYTES / (4 * POSITIONS * channels)).max(FEWEST_PATCHES);
    let shared = (problem.batch * height).div_ceil(2 * rayon::current_num_threads());
    (patches / width).min(shared).max(1)
}
