//! A linear layer on the CPU: one matrix product with the epilogue in registers.

use super::LinearProblem;
use crate::{
    device::Cpu,
    gemm::{self, Panels, Source},
};

/// Packs a weight `[outputs, inputs]`.
pub(super) fn pack(
    cpu: &Cpu,
    [outputs, inputs]: [usize; 2],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Panels {
    Panels::new(
        cpu.isa,
        cpu.precision,
        [inputs, outputs],
        bias,
        |input, output| weight[output * inputs + input],
    )
}

/// Writes `activation(x wᵀ + bias + residual)`.
pub(super) fn linear(
    cpu: &Cpu,
    problem: &LinearProblem,
    x: &[f32],
    panels: &Panels,
    residual: Option<&[f32]>,
    out: &mut [f32],
) {
    let source = Source::rows(x, problem.inputs);
    gemm::gemm(cpu, &source, panels, residual, problem.activation, out);
}
