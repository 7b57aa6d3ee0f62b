//! Windows on the CPU: the tokens of one row of a window lie together in the image too.

use super::WindowProblem;
use crate::parallel;

/// Writes the windows of `x`, `[batch, height, width, channels]`.
pub(super) fn partition_windows(
    problem: &WindowProblem,
    x: &[f32],
    padding: &[f32],
    out: &mut [f32],
) {
    let side = problem.window;
    parallel::for_rows(out, side * problem.channels, |row, out| {
        let start = problem.token(row / side, [row % side, 0]);
        let tokens = start.map_or(0, |[_, _, x]| (problem.width - x).min(side));
        let (inside, beyond) = out.split_at_mut(tokens * problem.channels);
        if let Some([n, y, x_]) = start {
            let first = ((n * problem.height + y) * problem.width + x_) * problem.channels;
            inside.copy_from_slice(&x[first..][..inside.len()]);
        }
        for token in beyond.chunks_exact_mut(problem.channels) {
            token.copy_from_slice(padding);
        }
    });
}

/// Writes the images whose windows `x` holds.
pub(super) fn merge_windows(problem: &WindowProblem, x: &[f32], out: &mut [f32]) {
    let side = problem.window;
    let [rows, columns] = problem.grid();
    parallel::for_rows(out, problem.width * problem.channels, |row, out| {
        let (n, y) = (row / problem.height, row % problem.height);
        for (column, out) in out.chunks_mut(side * problem.channels).enumerate() {
            let window = (n * rows + y / side) * columns + column;
            let first = (window * side + y % side) * side * problem.channels;
            out.copy_from_slice(&x[first..][..out.len()]);
        }
    });
}
