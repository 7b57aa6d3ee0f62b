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
            let tolerance = f64::from(tolerance).max(1e-14);
            assert!(
                (sum - number("sum_f64")).abs() <= tolerance * sum,
                "{key}: {sum}"
            );

            let found = farthest(mask.view(), metric, true, &[]);
            let max = number("max");
            assert!(
                (f64::from(found.distance) - max).abs() <= tolerance * max,
                "{key}"
            );
            let ties: Vec<_> = golden
                .i32(&format!("{name}.ties_{size}"))
                .into_iter()
                .collect();
            let ours: Vec<_> = found.pixels.iter().flatten().map(|&i| i as i32).collect();
            assert_eq!(ours, ties, "{key}: the deepest pixels");
        }
    }
}
