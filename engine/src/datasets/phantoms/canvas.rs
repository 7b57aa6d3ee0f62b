//! Whole-image operations: sampling a function, blur, noise.

use ndarray::{Array2, Axis};

use super::{
    random::Random,
    shape::{Point, at},
};

/// Evaluates a function at the centre of every pixel of a square image.
pub(super) fn sample<T>(side: usize, mut value: impl FnMut(Point) -> T) -> Array2<T> {
    let position = |k: usize| (2.0 * k as f64 + 1.0) / side as f64 - 1.0;
    Array2::from_shape_fn((side, side), |(y, x)| value(at(position(x), position(y))))
}

/// Blurs along rows and columns with standard deviations in pixels. The kernel is (1 − t²)³, a
/// bell of finite width that needs no exponential.
pub(super) fn blur(image: &mut Array2<f64>, sigma_y: f64, sigma_x: f64) {
    for (axis, sigma) in [(Axis(0), sigma_y), (Axis(1), sigma_x)] {
        // The variance of (1 − t²)³ on [−1, 1] is 1/9.
        let radius = 3.0 * sigma;
        let reach = radius.ceil() as isize - 1;
        if reach < 1 {
            continue;
        }
        let bell = |k: isize| {
            let t = k as f64 / radius;
            (1.0 - t * t).max(0.0)
        };
        let mut kernel: Vec<f64> = (-reach..=reach)
            .map(|k| bell(k) * bell(k) * bell(k))
            .collect();
        let total: f64 = kernel.iter().sum();
        for weight in &mut kernel {
            *weight /= total;
        }

        for mut lane in image.lanes_mut(axis) {
            let source = lane.to_vec();
            let last = source.len() as isize - 1;
            for (k, value) in lane.iter_mut().enumerate() {
                *value = kernel
                    .iter()
                    .zip(-reach..)
                    .map(|(weight, step)| {
                        weight * source[(k as isize + step).clamp(0, last) as usize]
                    })
                    .sum();
            }
        }
    }
}

/// Returns a field of unit normal noise, blurred and rescaled to variance 1 inside.
pub(super) fn noise(side: usize, random: &mut Random, sigma_y: f64, sigma_x: f64) -> Array2<f64> {
    let mut field = Array2::from_shape_simple_fn((side, side), || random.normal());
    blur(&mut field, sigma_y, sigma_x);
    let power: f64 = field.iter().map(|value| value * value).sum::<f64>() / field.len() as f64;
    field / power.sqrt()
}
