//! What a bilinear resize must compute, written to be read.

use super::ResizeProblem;

/// Resizes `x`, `[batch, height, width, channels]`.
pub fn resize_bilinear(problem: &ResizeProblem, x: &[f32]) -> Vec<f32> {
    let [height, width] = problem.from;
    let channels = problem.channels;
    let mut out = Vec::new();
    for n in 0..problem.batch {
        for i in 0..problem.to.keep[0] {
            let ([top, bottom], down) = problem.sample(0, i);
            for j in 0..problem.to.keep[1] {
                let ([left, right], across) = problem.sample(1, j);
                for c in 0..channels {
                    let at = |y: usize, x_: usize| {
                        f64::from(x[((n * height + y) * width + x_) * channels + c])
                    };
                    let (down, across) = (f64::from(down), f64::from(across));
                    let above = (1.0 - across) * at(top, left) + across * at(top, right);
                    let below = (1.0 - across) * at(bottom, left) + across * at(bottom, right);
                    out.push(((1.0 - down) * above + down * below) as f32);
                }
            }
        }
    }
    out
}
