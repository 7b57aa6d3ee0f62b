//! Distances and their ties against OpenCV's (section 4 of the golden README).

use kernels::distance::{Metric, distance, farthest};
use tests::golden::{Golden, json};

#[test]
fn distances_and_ties_are_opencvs() {
    let (Some(golden), Some(info)) = (Golden::open("distance"), json("distance")) else {
        return;
    };
    let masks = info["masks"].as_array().expect("masks");
    assert_eq!(masks.len(), 53);
    for info in masks {
        let name = info["name"].as_str().expect("a name");
        let shape = serde_json::from_value(info["shape"].clone()).expect("a shape");
        let mask = &golden.bitmaps(&format!("{name}.bits"), shape)[0];
        // The tolerance is relative: rounding grows with the length of the sum.
        for (size, metric, tolerance) in [
            (5, Metric::Chamfer5, 0.0),
            (3, Metric::Chamfer3, 1e-6),
            (0, Metric::Exact, 1e-6),
        ] {
            let distances = distance(mask.view(), metric, true);
            let key = format!("{name}.distance_{size}");
            if golden.contains(&key) {
                let theirs = golden.f32(&key);
                assert_eq!(theirs.shape(), distances.shape(), "{key}");
                for (ours, theirs) in distances.iter().zip(&theirs) {
                    let apart = (ours - theirs).abs();
                    assert!(apart <= tolerance * theirs, "{key}: {ours}, not {theirs}");
                }
            }
            let expected = &info["distance"][size.to_string()];
            let number = |key: &str| expected[key].as_f64().expect("a number");
            let sum: f64 = distances.iter().map(|&d| f64::from(d)).sum();
            // Sums depend on their order. OpenCV's vector code rounds some sums of steps upwards
            // where this one rounds down, by one unit in the last place.
            let apart = (sum - number("sum_f64")).abs();
            let allowed = f64::from(tolerance).max(1e-8) * sum;
            assert!(apart <= allowed, "{key}: the sum is {sum}");

            let found = farthest(mask.view(), metric, true, &[]);
            let max = number("max") as f32;
            let apart = (found.distance - max).abs();
            // Twice: the masks that are not stored whole are larger.
            let allowed = 2.0 * tolerance * max;
            assert!(apart <= allowed, "{key}: {}", found.distance);
            let ties = golden.i32(&format!("{name}.ties_{size}"));
            let ties: Vec<_> = ties.into_iter().map(|index| index as usize).collect();
            if size == 3 && max > 32.0 {
                // There that rounding parts some of the ties. No preset uses this metric.
                let (ties, _) = ties.as_chunks::<2>();
                assert!(ties.iter().all(|tie| found.pixels.contains(tie)), "{key}");
            } else {
                assert_eq!(found.pixels.as_flattened(), ties, "{key}: the deepest");
            }
        }
    }
}
