//! The transposed convolution on the CPU: a matrix product per line of the result.

use super::ConvTransposeProblem;
use crate::{
    device::Cpu,
    gemm::{self, Panels, Source},
    parallel,
};

/// Packs a weight `[inputs, outputs, 2, 2]`: per row of the kernel, a matrix whose columns are
/// `(kernel column, output)`, which is the order of a line of the result.
pub(super) fn pack(
    cpu: &Cpu,
    [inputs, outputs]: [usize; 2],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> [Panels; 2] {
    let bias = bias.map(|bias| bias.repeat(2));
    [0, 1].map(|a| {
        Panels::new(
            cpu.isa,
            cpu.precision,
            [inputs, 2 * outputs],
            bias.as_deref(),
            |input, column| {
                let (b, output) = (column / outputs, column % outputs);
                weight[((input * outputs + output) * 2 + a) * 2 + b]
            },
        )
    })
}

/// Writes the doubled image of `x`, `[batch, height, width, inputs]`.
pub(super) fn conv_transpose2d(
    cpu: &Cpu,
    problem: &ConvTransposeProblem,
    x: &[f32],
    panels: &[Panels; 2],
    out: &mut [f32],
) {
    let line = problem.width * problem.inputs;
    parallel::for_rows(out, 2 * problem.width * problem.outputs, |row, out| {
        let source = Source::rows(&x[row / 2 * line..][..line], problem.inputs);
        let panels = &panels[row % 2];
        gemm::gemm(cpu, &source, panels, None, problem.activation, out);
    });
}
