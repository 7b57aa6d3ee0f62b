//! From a slice to grey values without most of their noise. See [`smoothed`].

use ndarray::{Array2, ArrayView3, Axis};

/// A Gaussian of standard deviation 1 pixel, cut off at 2.
const TAPS: [f32; 5] = [0.054_489, 0.244_201, 0.402_62, 0.244_201, 0.054_489];

/// Returns the mean of red, green and blue in 0..1, `[height, width]`, blurred by a Gaussian of one
/// pixel; beyond the border its pixels go on.
pub fn smoothed(pixels: ArrayView3<'_, u8>) -> Array2<f32> {
    let grey = pixels.map_axis(Axis(2), |rgb| {
        let sum: f32 = rgb.iter().map(|&byte| f32::from(byte)).sum();
        sum / (255.0 * rgb.len() as f32)
    });
    let once = blurred_along_rows(&grey);
    blurred_along_rows(&once.reversed_axes()).reversed_axes()
}

/// Blurs every row, also of an array whose axes are exchanged.
fn blurred_along_rows(grey: &Array2<f32>) -> Array2<f32> {
    let last = grey.ncols() as isize - 1;
    Array2::from_shape_fn(grey.dim(), |(y, x)| {
        let taps = (-2..).zip(TAPS);
        taps.map(|(dx, tap)| tap * grey[[y, (x as isize + dx).clamp(0, last) as usize]])
            .sum()
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn a_blur_keeps_what_is_even_and_spreads_what_is_not() {
        let even = smoothed(Array3::from_elem((4, 3, 3), 51).view());
        assert!(even.iter().all(|grey| (grey - 0.2).abs() < 1e-5), "{even}");
        let mut pixels = Array3::zeros((7, 9, 3));
        pixels.slice_mut(ndarray::s![3, 4, ..]).fill(255_u8);
        let spot = smoothed(pixels.view());
        assert!((spot.sum() - 1.0).abs() < 1e-5);
        assert!((spot[[3, 4]] - 0.402_62 * 0.402_62).abs() < 1e-6);
        assert!((spot[[1, 4]] - spot[[3, 2]]).abs() < 1e-7 && spot[[1, 4]] > 0.02);
        assert!(spot[[0, 4]].abs() < f32::EPSILON, "the blur is cut off");
    }
}
