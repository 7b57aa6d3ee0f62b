//! Linear layers on graphics devices: the [product] of single rows.

use super::LinearProblem;
use crate::{
    KernelError,
    gpu::{
        Buffer, Gpu,
        product::{self, Finish, Geometry, PackedWeights, Store},
    },
};

/// Packs the weight `[outputs, inputs]` and the bias of a linear layer.
pub(super) fn pack(
    gpu: &Gpu,
    [outputs, inputs]: [usize; 2],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Result<PackedWeights, KernelError> {
    let at = |_, input: usize, output: usize| weight[output * inputs + input];
    PackedWeights::pack(gpu, [1, inputs, outputs], at, bias)
}

/// Applies the layer to every row.
pub(super) fn linear(
    problem: &LinearProblem,
    x: &Buffer,
    weights: &PackedWeights,
    residual: Option<&Buffer>,
) -> Result<Buffer, KernelError> {
    let finish = Finish {
        residual,
        activation: problem.activation,
        store: Store::Rows,
    };
    let geometry = Geometry::of_rows(problem.rows, problem.inputs);
    product::launch(x.gpu(), x, weights, &geometry, finish)
}
