//! Transposed convolutions on graphics devices: the [product] of single
//! pixels with the four taps side by side, each stored in its place.

use super::ConvTransposeProblem;
use crate::{
    KernelError,
    gpu::{
        Buffer, Gpu,
        product::{self, Finish, Geometry, PackedWeights, Store},
    },
};

/// Packs the weight `[inputs, outputs, 2, 2]` and the bias of a transposed convolution.
pub(super) fn pack(
    gpu: &Gpu,
    [inputs, outputs]: [usize; 2],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Result<PackedWeights, KernelError> {
    // Columns are [tap, output].
    let at = |_, input: usize, column: usize| {
        weight[(input * outputs + column % outputs) * 4 + column / outputs]
    };
    let bias: Option<Vec<f32>> = bias.map(|bias| bias.repeat(4));
    PackedWeights::pack(gpu, [1, inputs, 4 * outputs], at, bias.as_deref())
}

/// Doubles the image.
pub(super) fn conv_transpose2d(
    problem: &ConvTransposeProblem,
    x: &Buffer,
    weights: &PackedWeights,
) -> Result<Buffer, KernelError> {
    let geometry = Geometry {
        rows: problem.batch * problem.height * problem.width,
        height: problem.height,
        pitch: problem.width * problem.inputs,
        output: [problem.height, problem.width],
        stride: 1,
        padding: 0,
        channels: problem.inputs,
    };
    let finish = Finish {
        residual: None,
        activation: problem.activation,
        store: Store::Doubled,
    };
    product::launch(x.gpu(), x, weights, &geometry, finish)
}
