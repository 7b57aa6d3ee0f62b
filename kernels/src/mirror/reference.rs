//! What mirroring must compute, written to be read.

use super::MirrorProblem;

/// Mirrors `x`, `[rows, width, channels]`, along its second axis.
pub fn mirror(problem: &MirrorProblem, x: &[f32]) -> Vec<f32> {
    let MirrorProblem {
        rows,
        width,
        channels,
    } = *problem;
    let mut out = Vec::with_capacity(x.len());
    for row in 0..rows {
        for column in (0..width).rev() {
            let start = (row * width + column) * channels;
            out.extend_from_slice(&x[start..start + channels]);
        }
    }
    out
}
