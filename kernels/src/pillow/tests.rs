//! The fast passes against the reference, and properties of resizing.

use ndarray::Array3;
use proptest::prelude::*;

use super::problem::{FRACTION_BITS, taps};
use super::{longest_side, reference, resize};

fn images() -> impl Strategy<Value = Array3<u8>> {
    (1_usize..40, 1_usize..40, 1_usize..6).prop_flat_map(|shape| {
        let (height, width, channels) = shape;
        proptest::collection::vec(any::<u8>(), height * width * channels)
            .prop_map(move |values| Array3::from_shape_vec(shape, values).expect("sizes agree"))
    })
}

proptest! {
    #[test]
    fn fast_equals_reference(image in images(), height in 1_usize..60, width in 1_usize..60) {
        let fast = resize(image.view(), [height, width]);
        prop_assert_eq!(fast, reference::resize(image.view(), [height, width]));
    }

    #[test]
    fn a_flat_image_stays_flat(value: u8, from in 1_usize..50, to in 1_usize..50) {
        let image = Array3::from_elem((from, 3, 1), value);
        prop_assert!(resize(image.view(), [to, 7]).iter().all(|&v| v == value));
    }

    #[test]
    fn weights_sum_to_one(from in 1_usize..3000, to in 1_usize..3000) {
        for taps in taps(from, to) {
            let sum: i32 = taps.weights.iter().sum();
            // Each weight is rounded by at most one half.
            prop_assert!((sum - (1 << FRACTION_BITS)).unsigned_abs() as usize <= taps.weights.len());
            prop_assert!(taps.start + taps.weights.len() <= from && !taps.weights.is_empty());
        }
    }

    #[test]
    fn the_longest_side_is_the_target(height in 1_usize..5000, width in 1_usize..5000) {
        let [h, w] = longest_side([height, width], 1024);
        prop_assert_eq!(h.max(w), 1024);
    }
}

#[test]
fn the_same_size_changes_nothing() {
    let image = Array3::from_shape_fn((5, 7, 3), |(y, x, c)| (31 * y + 17 * x + c) as u8);
    assert_eq!(resize(image.view(), [5, 7]), image);
}

#[test]
fn an_empty_result_needs_no_pixel() {
    let image = Array3::zeros((0, 7, 3));
    assert_eq!(resize(image.view(), [0, 4]).dim(), (0, 4, 3));
}
