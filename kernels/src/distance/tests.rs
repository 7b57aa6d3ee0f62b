//! The fast transform against the reference, and properties of both.

use ndarray::{Array2, array};
use proptest::prelude::*;

use super::{Metric, distance, farthest, reference};

const METRICS: [Metric; 3] = [Metric::Chamfer3, Metric::Chamfer5, Metric::Exact];

fn masks() -> impl Strategy<Value = Array2<bool>> {
    (0_usize..24, 0_usize..24, 0.02..0.98_f64).prop_flat_map(|(height, width, filled)| {
        proptest::collection::vec(proptest::bool::weighted(filled), height * width).prop_map(
            move |bits| Array2::from_shape_vec((height, width), bits).expect("sizes agree"),
        )
    })
}

/// Few holes, so that distances are long.
fn sparse_masks() -> impl Strategy<Value = Array2<bool>> {
    (1_usize..60, 1_usize..60).prop_flat_map(|(height, width)| {
        proptest::collection::vec((0..height, 0..width), 0..4).prop_map(move |holes| {
            let mut mask = Array2::from_elem((height, width), true);
            for hole in holes {
                mask[hole] = false;
            }
            mask
        })
    })
}

fn bits(distances: &Array2<f32>) -> Array2<u32> {
    distances.mapv(f32::to_bits)
}

proptest! {
    #[test]
    fn fast_equals_reference(mask in prop_oneof![masks(), sparse_masks()], border: bool) {
        for metric in METRICS {
            let fast = distance(mask.view(), metric, border);
            let slow = reference::distance(mask.view(), metric, border);
            prop_assert_eq!(bits(&fast), bits(&slow), "{:?}", metric);
        }
    }

    #[test]
    fn chamfers_are_near_exact(mask in sparse_masks(), border: bool) {
        let exact = distance(mask.view(), Metric::Exact, border);
        // The greatest relative errors of the two sets of weights, over all directions.
        for (metric, error) in [(Metric::Chamfer3, 0.05), (Metric::Chamfer5, 0.025)] {
            let chamfer = distance(mask.view(), metric, border);
            for (&near, &exact) in chamfer.iter().zip(&exact) {
                let both_infinite = near.is_infinite() && exact.is_infinite();
                prop_assert!(both_infinite || (near - exact).abs() <= error * exact);
            }
        }
    }

    #[test]
    fn farthest_is_the_maximum_of_distance(
        mask in prop_oneof![masks(), sparse_masks()],
        border: bool,
        excluded in proptest::collection::vec((0_usize..70, 0_usize..70), 0..4),
    ) {
        let excluded: Vec<_> = excluded.into_iter().map(|(y, x)| [y, x]).collect();
        for metric in METRICS {
            let mut distances = distance(mask.view(), metric, border);
            for &pixel in &excluded {
                if let Some(distance) = distances.get_mut(pixel) {
                    *distance = 0.0;
                }
            }
            let max = distances.fold(0.0_f32, |max, &d| max.max(d));
            let found = farthest(mask.view(), metric, border, &excluded);
            let expected: Vec<_> = distances
                .indexed_iter()
                .filter(|&(_, &d)| d.to_bits() == max.to_bits())
                .map(|((y, x), _)| [y, x])
                .collect();
            prop_assert_eq!(found.distance.to_bits(), max.to_bits());
            prop_assert_eq!(found.pixels, expected);
        }
    }
}

#[test]
fn a_full_mask_without_border_has_no_outside() {
    let mask = Array2::from_elem((3, 5), true);
    for metric in METRICS {
        let distances = distance(mask.view(), metric, false);
        assert!(distances.iter().all(|d| d.is_infinite()), "{metric:?}");
        let found = farthest(mask.view(), metric, false, &[[0, 0]]);
        assert!(found.distance.is_infinite());
        assert_eq!(found.pixels.len(), 14, "{metric:?}");
    }
}

#[test]
fn an_empty_mask_ties_everywhere() {
    for shape in [(0, 0), (0, 3), (2, 3)] {
        let mask = Array2::from_elem(shape, false);
        for metric in METRICS {
            let found = farthest(mask.view(), metric, true, &[]);
            assert_eq!(found.distance.to_bits(), 0);
            assert_eq!(found.pixels.len(), shape.0 * shape.1);
        }
    }
}

#[test]
fn weights_are_those_of_opencv() {
    let mut mask = Array2::from_elem((5, 5), true);
    mask[[0, 0]] = false;
    let row = |metric| distance(mask.view(), metric, false).row(2).to_owned();
    assert_eq!(
        row(Metric::Chamfer5),
        array![2.0, 2.1969, 2.8, 1.4 + 2.1969, 4.3938]
    );
    assert_eq!(
        row(Metric::Chamfer3),
        array![1.91, 2.3243, 2.7386, 3.6936, 4.6486]
    );
    assert_eq!(
        row(Metric::Exact),
        array![4.0, 5.0, 8.0, 13.0, 20.0_f64].mapv(|squared| squared.sqrt() as f32)
    );
}

#[test]
fn works_on_any_memory_order() {
    let mask = Array2::from_shape_fn((9, 13), |(y, x)| (y + 2 * x) % 7 > 1);
    for metric in METRICS {
        let turned = distance(mask.t(), metric, true);
        let copied = distance(mask.t().as_standard_layout().view(), metric, true);
        assert_eq!(turned, copied);
    }
}

#[test]
fn long_masks_are_measured_too() {
    let mut mask = Array2::from_elem((3, 2500), true);
    mask[[1, 900]] = false;
    mask[[0, 2499]] = false;
    for metric in METRICS {
        let fast = distance(mask.view(), metric, false);
        let slow = reference::distance(mask.view(), metric, false);
        assert_eq!(bits(&fast), bits(&slow), "{metric:?}");
    }
}
