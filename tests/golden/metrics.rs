//! Overlap counts against `golden/metrics.json` (section 8 of its README).

use engine::metrics::Overlap;
use ndarray::{ArrayD, IxDyn};
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

#[test]
fn counts_and_ratios_are_the_references() {
    let (Some(json), Some(masks)) = (
        tests::shared("golden/metrics.json"),
        tests::shared("golden/metrics.safetensors"),
    ) else {
        return;
    };
    let json: Value =
        serde_json::from_slice(&std::fs::read(json).expect("readable")).expect("json");
    let masks = std::fs::read(masks).expect("readable");
    let masks = SafeTensors::deserialize(&masks).expect("safetensors");
    let pairs = json["pairs"].as_array().expect("pairs");
    assert_eq!(pairs.len(), 32);
    for pair in pairs {
        let name = pair["name"].as_str().expect("a name");
        let shape: Vec<usize> = serde_json::from_value(pair["shape"].clone()).expect("a shape");
        let bitmap = |which: &str| {
            let tensor = masks.tensor(&format!("{name}.{which}.bits")).expect("bits");
            let bits = unpack(tensor.data(), shape.iter().product());
            ArrayD::from_shape_vec(IxDyn(&shape), bits).expect("as many as the shape says")
        };
        let (predicted, truth) = (bitmap("pred"), bitmap("truth"));
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
    }
}
