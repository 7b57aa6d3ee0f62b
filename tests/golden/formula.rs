//! Formula weights and inputs against the generator's own values. Tolerance 0: every value is
//! exact; only sums over a tensor are compared within rounding.

use engine::weights::{Formula, WeightSource as _};
use serde_json::Value;

#[test]
fn formula_reproduces_the_generator() {
    let Some(path) = tests::shared("golden/formula.json") else {
        return;
    };
    let text = std::fs::read_to_string(path).expect("the golden file is readable");
    let golden: Value = serde_json::from_str(&text).expect("the golden file is JSON");
    let formula = Formula {
        prefix: golden["prefix"].as_str().expect("a prefix").to_owned(),
    };

    let tensors = golden["tensors"].as_array().expect("tensors");
    assert!(tensors.len() > 10);
    for tensor in tensors {
        let name = tensor["name"].as_str().expect("a name");
        let shape: Vec<usize> = floats(&tensor["shape"])
            .iter()
            .map(|&n| n as usize)
            .collect();
        let values = formula
            .tensor(name, &shape)
            .expect("a formula has every tensor");
        let first = floats(&tensor["first"]);
        assert_eq!(values[..first.len()], first, "{name}: first values");
        let last = tensor["last"].as_f64().map(|v| v as f32);
        assert_eq!(values.last().copied(), last, "{name}: last value");
        let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
        let expected = tensor["sum_f64"].as_f64().expect("a sum");
        assert!(
            (sum - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{name}: {sum} is not {expected}"
        );
    }
}

#[test]
fn picture_reproduces_the_generator() {
    let Some(path) = tests::shared("golden/formula.json") else {
        return;
    };
    let text = std::fs::read_to_string(path).expect("the golden file is readable");
    let golden: Value = serde_json::from_str(&text).expect("the golden file is JSON");
    let picture = Formula::default().picture("golden.picture", 3, 8, 12);
    assert_eq!(picture, floats(&golden["picture"]["values"]));
}

/// Every number in the file is an f32 written in full, so this rounds back to it.
fn floats(value: &Value) -> Vec<f32> {
    let numbers = value.as_array().expect("an array");
    numbers
        .iter()
        .map(|number| number.as_f64().expect("a number") as f32)
        .collect()
}
