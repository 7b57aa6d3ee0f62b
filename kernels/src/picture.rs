//! What all ways of resizing an 8-bit picture share. See [`resized`].

use ndarray::{Array3, ArrayView3};

use crate::{Cost, timer};

/// Returns a picture of `[height, width, channels]` resized to `[height, width]` by `work`, which is
/// given its bytes in order and returns the result's; timed as `operation`.
///
/// # Panics
/// If the picture has no pixel while the result has some.
pub(crate) fn resized(
    operation: &'static str,
    picture: ArrayView3<u8>,
    [height, width]: [usize; 2],
    work: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Array3<u8> {
    let (from_height, from_width, channels) = picture.dim();
    if height * width * channels == 0 {
        return Array3::zeros((height, width, channels));
    }
    assert!(from_height * from_width > 0, "an image has pixels");
    let _timed = timer::operation(operation, None, || {
        let problem = format!("{from_height}×{from_width}×{channels}→{height}×{width}");
        let bytes = picture.len() + height * width * channels;
        (problem, Some(Cost::of_bytes(bytes)))
    });
    let picture = picture.as_standard_layout();
    let resized = work(picture.as_slice().expect("the layout is standard"));
    Array3::from_shape_vec((height, width, channels), resized).expect("all pixels were computed")
}
