//! The shader against the CPU: equal to the bit, pixel for pixel.

use ndarray::Array2;
use proptest::prelude::*;

use super::{Batch, in_pixels};
use crate::{
    Device, KernelError,
    distance::{Metric, Query, distance, farthest_of_all},
};

const METRICS: [Metric; 3] = [Metric::Chamfer3, Metric::Chamfer5, Metric::Exact];

/// Masks of every density, from single holes to single pixels.
fn masks() -> impl Strategy<Value = Array2<bool>> {
    (0_usize..40, 0_usize..70, 0.0..1.0_f64).prop_flat_map(|(height, width, filled)| {
        let filled = filled.powf(0.1);
        proptest::collection::vec(proptest::bool::weighted(filled), height * width).prop_map(
            move |bits| Array2::from_shape_vec((height, width), bits).expect("sizes agree"),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn many_masks_at_once_equal_the_cpu_one_by_one(
        masks in proptest::collection::vec((masks(), any::<bool>()), 0..6),
        excluded in proptest::collection::vec([0_usize..50, 0_usize..80], 0..5),
    ) {
        // The parity tests say that it is missing, or fail.
        let Ok(device) = Device::wgpu() else { return Ok(()) };
        let queries: Vec<_> = masks
            .iter()
            .map(|(mask, border)| Query {
                mask: mask.view(),
                border_is_background: *border,
                excluded: &excluded,
            })
            .collect();
        for metric in METRICS {
            let one_by_one: Vec<_> = queries.iter().map(|q| q.farthest(metric)).collect();
            let found = farthest_of_all(&device, &queries, metric);
            prop_assert_eq!(found.expect("the device works"), one_by_one, "{:?}", metric);
        }
    }

    #[test]
    fn distances_equal_the_cpu_to_the_bit(mask in masks(), border: bool) {
        let Ok(device) = Device::wgpu() else { return Ok(()) };
        prop_assume!(!mask.is_empty());
        let gpu = device.as_gpu().expect("it is one");
        let queries = [Query {
            mask: mask.view(),
            border_is_background: border,
            excluded: &[],
        }];
        for metric in METRICS {
            let found = Batch::new(gpu, &queries, metric).distances();
            let found = found.expect("the device works");
            let found = found.iter().map(|&value| in_pixels(value, metric).to_bits());
            let expected = distance(mask.view(), metric, border);
            let expected: Vec<_> = expected.iter().map(|d| d.to_bits()).collect();
            prop_assert_eq!(found.collect::<Vec<_>>(), expected, "{:?}", metric);
        }
    }
}

#[test]
fn a_mask_too_long_for_the_shader_is_measured_all_the_same() {
    let Ok(device) = Device::wgpu() else { return };
    let mut long = Array2::from_elem((2, super::LONGEST_SIDE + 1), true);
    long[[0, 7]] = false;
    let small = Array2::from_elem((3, 4), true);
    let queries = [&small, &long, &small].map(|mask| Query {
        mask: mask.view(),
        border_is_background: true,
        excluded: &[],
    });
    for metric in METRICS {
        let found = farthest_of_all(&device, &queries, metric).expect("the device works");
        let expected = farthest_of_all(&Device::cpu(), &queries, metric);
        assert_eq!(found, expected.expect("the CPU works"), "{metric:?}");
    }
}

#[test]
fn a_shader_that_its_compiler_refuses_is_an_error_that_says_why() {
    let Ok(device) = Device::wgpu() else { return };
    let mask = Array2::from_elem((30, 40), true);
    let queries = [Query {
        mask: mask.view(),
        border_is_background: true,
        excluded: &[],
    }];
    for metric in METRICS {
        let refused = farthest_of_all(&device.with_spoiled_shader(), &queries, metric);
        match refused {
            Err(KernelError::Shader { reason }) => {
                assert!(reason.contains("nothing_of_that_name"), "{reason}");
            }
            other => panic!("{metric:?}: {other:?}"),
        }
        // The device itself is none the worse for it.
        let found = farthest_of_all(&device, &queries, metric);
        assert_eq!(found, farthest_of_all(&Device::cpu(), &queries, metric));
    }
}
