//! Bilinear resizing on the CPU, one axis after the other: input lines are resized across once,
//! however many output lines lie between them, then mixed.

use super::ResizeProblem;
use crate::parallel;

/// Writes the resized images of `x`, `[batch, height, width, channels]`.
pub(super) fn resize_bilinear(problem: &ResizeProblem, x: &[f32], out: &mut [f32]) {
    let [height, width] = problem.from;
    let [out_height, out_width] = problem.to.keep;
    let channels = problem.channels;
    let columns: Vec<_> = (0..out_width).map(|j| problem.sample(1, j)).collect();
    let line = out_width * channels;
    parallel::for_row_blocks(out, line, |first, out| {
        // Two input lines, resized across, and which they are.
        let mut lines = [(None, vec![0.0; line]), (None, vec![0.0; line])];
        for (row, out) in (first..).zip(out.chunks_mut(line)) {
            let ([top, bottom], down) = problem.sample(0, row % out_height);
            let image = row / out_height * height;
            if lines[1].0 == Some(image + top) {
                lines.swap(0, 1);
            }
            for ((index, line), wanted) in lines.iter_mut().zip([image + top, image + bottom]) {
                if *index != Some(wanted) {
                    *index = Some(wanted);
                    let x = &x[wanted * width * channels..][..width * channels];
                    across(x, channels, &columns, line);
                }
            }
            for ((out, above), below) in out.iter_mut().zip(&lines[0].1).zip(&lines[1].1) {
                *out = (1.0 - down) * above + down * below;
            }
        }
    });
}

/// Resizes one line.
fn across(x: &[f32], channels: usize, columns: &[([usize; 2], f32)], out: &mut [f32]) {
    for (out, &([left, right], weight)) in out.chunks_mut(channels).zip(columns) {
        let left = &x[left * channels..][..channels];
        let right = &x[right * channels..][..channels];
        for ((out, left), right) in out.iter_mut().zip(left).zip(right) {
            *out = (1.0 - weight) * left + weight * right;
        }
    }
}
