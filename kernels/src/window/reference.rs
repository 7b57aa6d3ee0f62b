//! What cutting and joining windows must compute, written to be read.

use super::WindowProblem;

/// Cuts images, `[batch, height, width, channels]`, into windows.
pub fn partition_windows(problem: &WindowProblem, x: &[f32], padding: &[f32]) -> Vec<f32> {
    let numbers: usize = problem.windows_shape().iter().product();
    let mut out = padding.repeat(numbers / problem.channels.max(1));
    for_each_token(problem, |image, window| {
        out[window..][..problem.channels].copy_from_slice(&x[image..][..problem.channels]);
    });
    out
}

/// Joins windows into images.
pub fn merge_windows(problem: &WindowProblem, x: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; problem.image_shape().iter().product()];
    for_each_token(problem, |image, window| {
        out[image..][..problem.channels].copy_from_slice(&x[window..][..problem.channels]);
    });
    out
}

/// Visits each token that is not padding, with its offset among the images and the windows.
fn for_each_token(problem: &WindowProblem, mut visit: impl FnMut(usize, usize)) {
    let side = problem.window;
    let [rows, columns] = problem.grid();
    for window in 0..problem.batch * rows * columns {
        for (a, b) in (0..side).flat_map(|a| (0..side).map(move |b| (a, b))) {
            if let Some([n, y, x]) = problem.token(window, [a, b]) {
                let image = (n * problem.height + y) * problem.width + x;
                let token = (window * side + a) * side + b;
                visit(image * problem.channels, token * problem.channels);
            }
        }
    }
}
