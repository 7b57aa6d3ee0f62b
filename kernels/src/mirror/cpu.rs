//! Mirroring on the CPU, which memory bounds.

use super::MirrorProblem;
use crate::parallel;

/// Writes the mirrored rows of `x`, `[rows, width, channels]`.
pub(super) fn mirror(problem: &MirrorProblem, x: &[f32], out: &mut [f32]) {
    let MirrorProblem {
        width, channels, ..
    } = *problem;
    parallel::for_rows(out, width * channels, |row, out| {
        let x = &x[row * width * channels..][..out.len()];
        let pixels = x.chunks_exact(channels).rev();
        for (out, pixel) in out.chunks_exact_mut(channels).zip(pixels) {
            out.copy_from_slice(pixel);
        }
    });
}
