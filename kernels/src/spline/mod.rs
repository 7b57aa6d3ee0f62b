//! Resizing of 8-bit images by cubic B-splines, as scikit-image's
//! `resize(…, order=3, preserve_range=True, anti_aliasing=True)` followed by `astype(uint8)`, which
//! prepares the input of MedSAM. See [`resize`].
//!
//! ```text
//! smooth       a Gaussian of σ = max(0, (scale - 1) / 2) along each side, cut at 4 σ
//! coefficients c with  image[i] = c[i-1] / 6 + 4 c[i] / 6 + c[i+1] / 6  along each axis
//! interpolate  Σ c[i] β³(y - i) …  at  y = (row + ½) scale - ½,  columns alike
//! ```
//!
//! in `f64`, kept within the image's own range, and the fraction dropped; `scale` is the image's
//! length over the result's, and beyond its ends the image is mirrored at the centres of its last
//! pixels. The channels are an axis like the others there, only not resized.
//!
//! Sums are in the order of SciPy's `ndimage` (`ni_splines.c`, `ni_interpolation.c`, `ni_filters.c`
//! of 1.17), because a flat area that comes out as 99.999… instead of 100 loses a grey level. The
//! filter is that of Unser, Aldroubi and Eden, «Fast B-spline transforms for continuous image
//! representation and interpolation», PAMI 13 (1991).

mod coefficients;
mod interpolate;
mod smooth;

use ndarray::{Array3, ArrayView3};

use crate::picture::resized;

/// Red, green, blue.
const CHANNELS: usize = 3;

/// Returns an image of `[height, width, 3]` resized to another height and width.
///
/// # Panics
/// If the image has other than three channels, or no pixel while the result has some.
pub fn resize(image: ArrayView3<u8>, to: [usize; 2]) -> Array3<u8> {
    let (height, width, channels) = image.dim();
    assert_eq!(channels, CHANNELS, "an image is red, green and blue");
    let from = [height, width];
    if from == to {
        return image.to_owned();
    }
    resized("spline", image, to, |pixels| {
        let low = pixels.iter().copied().min().unwrap_or(0);
        let high = pixels.iter().copied().max().unwrap_or(0);
        let mut values = smooth::smooth(pixels, from, to);
        coefficients::filter(&mut values, from);
        let pixel = |value: f64| value.clamp(f64::from(low), f64::from(high)) as u8;
        interpolate::interpolate(&values, from, to, pixel)
    })
}

/// Returns the place on a line of `length` that a place beyond its ends is the mirror image of.
fn mirrored(place: isize, length: usize) -> usize {
    let last = length as isize - 1;
    if last == 0 {
        return 0;
    }
    let place = place.rem_euclid(2 * last);
    place.min(2 * last - place) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of any size: noise, or flat areas with steep edges.
    fn picture(height: usize, width: usize, flat: bool) -> Array3<u8> {
        Array3::from_shape_fn((height, width, 3), |(y, x, c)| {
            let i = if flat {
                (y / 9 * 131 + x / 14 * 7) * 3
            } else {
                (y * width + x) * 3 + c
            };
            ((i as u64).wrapping_mul(2_654_435_761) >> 13) as u8
        })
    }

    #[test]
    fn results_are_scikit_images() {
        // Written by `expected.py` beside this file: scikit-image 0.26.0 on SciPy 1.17.1.
        let expected = include_str!("expected.txt");
        for line in expected.lines() {
            let numbers: Vec<u64> = line
                .split_whitespace()
                .map(|number| number.parse().expect("a table of numbers"))
                .collect();
            let [flat, height, width, to_height, to_width, sum] = numbers[..] else {
                panic!("six numbers: {line}");
            };
            let image = picture(height as usize, width as usize, flat == 1);
            let resized = resize(image.view(), [to_height as usize, to_width as usize]);
            let terms = resized.iter().enumerate();
            let ours: u64 = terms
                .map(|(i, &value)| u64::from(value) * (i as u64 % 9973 + 1))
                .sum();
            assert_eq!(ours, sum, "{line}");
        }
        assert_eq!(expected.lines().count(), 24);
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let image = picture(5, 7, false);
        assert_eq!(resize(image.view(), [5, 7]), image);
    }

    #[test]
    fn lines_are_mirrored_at_their_last_pixels() {
        let places: Vec<_> = (-4..8).map(|place| mirrored(place, 4)).collect();
        assert_eq!(places, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(mirrored(-3, 1), 0);
    }
}
