//! Overlap counts, surface distances and boundary IoU against `golden/metrics.json` (section 8 of its README).

use engine::metrics::{Distances, Overlap, boundary_iou};
use ndarray::{Array2, ArrayD, Ix2, IxDyn};
use safetensors::SafeTensors;
use serde_json::Value;

/// Unpacks `count` booleans, most significant bit first.
fn unpack(bytes: &[u8], count: usize) -> Vec<bool> {
    (0..count)
        .map(|bit| bytes[bit / 8] >> (7 - bit % 8) & 1 == 1)
        .collect()
}

fn count(pair: &Value, key: &str) -> u64 {
    pair[key].as_u64().expect("a count")
}

/// Calls `check` with each pair's description, prediction and truth; how many there are.
fn each_pair(mut check: impl FnMut(&str, &Value, ArrayD<bool>, ArrayD<bool>)) -> Option<usize> {
    let json = tests::shared("golden/metrics.json")?;
    let masks = tests::shared("golden/metrics.safetensors")?;
    let json: Value =
        serde_json::from_slice(&std::fs::read(json).expect("readable")).expect("json");
    let masks = std::fs::read(masks).expect("readable");
    let masks = SafeTensors::deserialize(&masks).expect("safetensors");
    let pairs = json["pairs"].as_array().expect("pairs");
    for pair in pairs {
        let name = pair["name"].as_str().expect("a name");
        let shape: Vec<usize> = serde_json::from_value(pair["shape"].clone()).expect("a shape");
        let bitmap = |which: &str| {
            let tensor = masks.tensor(&format!("{name}.{which}.bits")).expect("bits");
            let bits = unpack(tensor.data(), shape.iter().product());
            ArrayD::from_shape_vec(IxDyn(&shape), bits).expect("as many as the shape says")
        };
        check(name, pair, bitmap("pred"), bitmap("truth"));
    }
    Some(pairs.len())
}

#[test]
fn counts_and_ratios_are_the_references() {
    let pairs = each_pair(|name, pair, predicted, truth| {
        let overlap = Overlap::of(predicted.view(), truth.view());
        let (tp, fp, fn_) = (count(pair, "tp"), count(pair, "fp"), count(pair, "fn"));
        assert_eq!(
            overlap,
            Overlap {
                intersection: tp,
                predicted: tp + fp,
                truth: tp + fn_
            },
            "{name}"
        );
        for (ours, key) in [(overlap.iou(), "iou"), (overlap.dice(), "dice")] {
            match pair[key].as_f64() {
                Some(theirs) => assert!((ours - theirs).abs() <= 1e-12, "{name} {key}: {ours}"),
                None => assert!(ours.is_nan(), "{name} {key}: {ours}, both are empty"),
            }
        }
    });
    assert!(pairs.is_none_or(|pairs| pairs == 32));
}

/// The pairs of two dimensions: slices are what is measured here.
fn each_slice(mut check: impl FnMut(&str, &Value, Array2<bool>, Array2<bool>)) -> Option<usize> {
    let mut slices = 0;
    each_pair(|name, pair, predicted, truth| {
        let two = |mask: ArrayD<bool>| mask.into_dimensionality::<Ix2>();
        if let (Ok(predicted), Ok(truth)) = (two(predicted), two(truth)) {
            slices += 1;
            check(name, pair, predicted, truth);
        }
    })?;
    Some(slices)
}

#[test]
fn surface_distances_are_the_references() {
    let slices = each_slice(|name, pair, predicted, truth| {
        let spacing: [f64; 2] =
            serde_json::from_value(pair["spacing_mm"].clone()).expect("two numbers");
        let ours = Distances::between(predicted.view(), truth.view(), spacing);
        let theirs = &pair["scipy"];
        let Some(ours) = ours else {
            assert!(theirs.is_null(), "{name}: one of the masks has no edge");
            return;
        };
        assert_eq!(
            ours.from_prediction.len() as u64,
            count(theirs, "edge_p"),
            "{name}"
        );
        assert_eq!(
            ours.from_truth.len() as u64,
            count(theirs, "edge_t"),
            "{name}"
        );
        for (ours, theirs) in [
            (ours.hd95(), &theirs["hd95_max_of_directed"]),
            (ours.assd(), &theirs["assd_pooled"]),
            (ours.nsd(2.0), &theirs["nsd_pooled"]),
            // MONAI defines all three alike.
            (ours.hd95(), &pair["monai"]["hd95"]),
            (ours.assd(), &pair["monai"]["assd"]),
            (ours.nsd(2.0), &pair["monai"]["nsd"]),
        ] {
            let theirs = theirs.as_f64().expect("a number");
            assert!(
                (ours - theirs).abs() <= 1e-5,
                "{name}: {ours}, expected {theirs}"
            );
        }
    });
    assert!(slices.is_none_or(|slices| slices == 23));
}

#[test]
fn boundary_ious_are_the_authors() {
    each_slice(|name, pair, predicted, truth| {
        let ours = boundary_iou(predicted.view(), truth.view());
        match pair["boundary_iou"]["value"].as_f64() {
            Some(theirs) => assert!((ours - theirs).abs() <= 1e-12, "{name}: {ours}"),
            None => assert!(ours.is_nan(), "{name}: {ours}, both are empty"),
        }
    });
}
