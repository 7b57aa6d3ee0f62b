//! RITM's predictor around a network simple enough to write here, against
//! `golden/ritm_predictor.safetensors` (section 6 of its README): crops, mirroring, sigmoid and the
//! mask before.

use engine::{
    models::{
        ModelError, State,
        ritm::{ClickInInput, ClickNetwork, conclude, look},
    },
    weights::Formula,
};
use kernels::{Device, Tensor};
use tests::golden::Golden;

use crate::ritm::{check_state, recorded};

/// The README's formula, in pixels of the input.
struct Toy;

impl ClickNetwork for Toy {
    fn logits(&self, input: &Tensor, clicks: &[Vec<ClickInInput>]) -> Result<Tensor, ModelError> {
        let &[images, height, width, 4] = input.shape() else {
            panic!("four channels: {:?}", input.shape());
        };
        let values = input.to_vec()?;
        let logits = values.chunks_exact(4).enumerate().map(|(i, pixel)| {
            let (image, row, column) = (i / width / height, i / width % height, i % width);
            let seen = clicks[image].iter().filter(|click| click.is_seen());
            let mut logit = -8.0_f32;
            let mut penalty = 0.0;
            for click in seen {
                let (dy, dx) = (row as f32 - click.row, column as f32 - click.column);
                let distance = dy * dy + dx * dx;
                if click.positive {
                    logit = logit.max(4.0 - 8.0 * distance / 900.0);
                } else if distance <= 100.0 {
                    penalty += 6.0;
                }
            }
            let before = pixel[3];
            let kept = if before > 0.0 {
                2.0 * (before - 0.5)
            } else {
                0.0
            };
            logit - penalty + kept + pixel[0]
        });
        let shape = [images, height, width, 1];
        Ok(Tensor::from_vec(input.device(), &shape, logits.collect())?)
    }
}

#[test]
fn crops_and_probabilities_equal_the_reference() {
    let Some(golden) = Golden::open("ritm_predictor") else {
        return;
    };
    let rows = golden.metadata("rows");
    let mut state: Option<State> = None;
    let mut clicks = Vec::new();
    for row in rows.as_array().expect("a list") {
        let (case, step) = (&row["case"], &row["step"]);
        let size: [usize; 2] = serde_json::from_value(row["size"].clone()).expect("two numbers");
        if step == 0 {
            (state, clicks) = (None, Vec::new());
        }
        let (click, zoom) = recorded(row);
        clicks.push(click);
        let image = image(&format!("golden.toy_{case}"), size);
        let looked = look(&Toy, &image, &clicks, state.as_ref()).expect("the CPU does not fail");
        let input: [usize; 2] =
            serde_json::from_value(row["net_input"].clone()).expect("two numbers");
        assert_eq!(looked.input, input, "case {case}, step {step}");
        let left = conclude(&looked, size).expect("the CPU does not fail");
        let key = format!("case_{case}.step_{step}.probs.sub");
        check_state(&key, &left, zoom, golden.f32(&key), 5, 1e-4);
        state = Some(left);
    }
}

/// Returns the golden picture: 8-bit values as the README makes them, in 0..1.
fn image(name: &str, [height, width]: [usize; 2]) -> Tensor {
    let picture = Formula::default().picture(name, 3, height, width);
    let pixels = height * width;
    let byte = |x: f32| (((f64::from(x)) + 3.0) * 40.0).clamp(0.0, 255.0) as u8;
    let values = (0..3 * pixels).map(|i| f32::from(byte(picture[i % 3 * pixels + i / 3])) / 255.0);
    let shape = [1, height, width, 3];
    Tensor::from_vec(&Device::cpu(), &shape, values.collect()).expect("three channels")
}
