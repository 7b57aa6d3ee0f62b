//! Resizing of 8-bit images by averages over areas, bit-equal to OpenCV's `resize(…, INTER_AREA)`,
//! which prepares the input of LiteMedSAM. See [`resize`].
//!
//! Where both sides shrink, or stay, a pixel of the result is the mean of the rectangle of the image
//! that it covers. Where a side grows, OpenCV interpolates instead, between the two pixels that the
//! rectangle touches. Images are `[height, width, channels]`.

mod interpolate;
mod shrink;

use ndarray::{Array3, ArrayView3};

use crate::picture::resized;

/// Returns the image resized to `[height, width]`.
///
/// # Panics
/// If the image has no pixel while the result has some.
pub fn resize(image: ArrayView3<u8>, to: [usize; 2]) -> Array3<u8> {
    let (height, width, channels) = image.dim();
    let from = [height, width];
    resized("area", image, to, |pixels| {
        if to[0] <= height && to[1] <= width {
            shrink::shrink(pixels, from, to, channels)
        } else {
            interpolate::interpolate(pixels, from, to, channels)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of any size.
    fn picture(height: usize, width: usize) -> Array3<u8> {
        let value = |i: usize| ((i as u64).wrapping_mul(2_654_435_761) >> 13) % 251;
        let values = (0..height * width * 3).map(|i| value(i) as u8).collect();
        Array3::from_shape_vec((height, width, 3), values).expect("as many as the shape says")
    }

    #[test]
    fn results_are_opencvs() {
        // i = numpy.arange(h * w * 3, dtype="u8"); picture = (i * 2654435761 >> 13) % 251
        // out = cv2.resize(picture.astype("u1").reshape(h, w, 3), (W, H), interpolation=cv2.INTER_AREA)
        // (out.ravel().astype("u8") * (numpy.arange(out.size) % 9973 + 1).astype("u8")).sum()   # OpenCV 5.0.0
        for ([height, width], to, expected) in [
            ([512, 512], [256, 256], 121_399_291_811),
            ([300, 1024], [75, 256], 34_823_501_539),
            ([468, 564], [212, 256], 100_133_829_941),
            ([2000, 1333], [256, 171], 80_996_600_598),
            ([100, 200], [128, 256], 60_524_193_204),
            ([13, 7], [256, 138], 62_887_824_056),
            ([257, 256], [256, 255], 120_683_805_840),
            ([5, 1000], [1, 256], 37_000_473),
        ] {
            let resized = resize(picture(height, width).view(), to);
            let terms = resized.iter().enumerate();
            let sum: u64 = terms
                .map(|(i, &value)| u64::from(value) * (i as u64 % 9973 + 1))
                .sum();
            assert_eq!(sum, expected, "{height} × {width} to {to:?}");
        }
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let image = picture(5, 7);
        assert_eq!(resize(image.view(), [5, 7]), image);
    }

    #[test]
    fn a_flat_image_stays_flat() {
        let image = Array3::from_elem((9, 31, 1), 77);
        for to in [[4, 13], [9, 40], [1, 1], [30, 31]] {
            assert!(resize(image.view(), to).iter().all(|&value| value == 77));
        }
    }
}
