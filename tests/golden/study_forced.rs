//! The study played with MobileSAM and the recorded prompts (section 5 of the golden README, (a)):
//! what the model answers, whatever the rules that place the prompts.

use std::collections::BTreeMap;

use engine::{
    entities::{Call, Click, PixelBox},
    metrics::Overlap,
    models::{Model, Query, sam::CANDIDATES},
};
use ndarray::{Array2, Array3};
use serde_json::Value;
use tests::golden;

use crate::mobile_sam::{mobile_sam, pixels};

/// Of every candidate's IoU: a few pixels near logit 0 may flip.
const IOU: f64 = 0.003;

/// Of every predicted IoU.
const SCORE: f64 = 2e-3;

/// A prompt of the study and what its reference got.
struct Step {
    name: String,
    /// More than one where the masks of several boxes are united.
    calls: Vec<Call>,
    ious: Vec<f64>,
    /// Per call, then per candidate.
    scores: Vec<Vec<f64>>,
}

#[test]
fn the_recorded_prompts_give_the_recorded_masks() {
    let (Some(study), Some(sam)) = (golden::json("study/study"), mobile_sam()) else {
        return;
    };
    let mut embeddings = BTreeMap::new();
    for (dataset, rows) in study["datasets"].as_object().expect("datasets by name") {
        for row in rows.as_array().expect("rows") {
            let image = row["image"].as_str().expect("a file name");
            let Some((truth, pixels)) = truth(dataset, row).zip(maximised(dataset, image)) else {
                return;
            };
            let embedding = embeddings
                .entry((dataset, image))
                .or_insert_with(|| sam.encode(pixels.view()).expect("a finite embedding"));
            let steps = steps(row);
            let calls: Vec<&Call> = steps.iter().flat_map(|step| &step.calls).collect();
            let queries: Vec<_> = calls
                .iter()
                .map(|&call| Query {
                    call,
                    logits: None,
                    state: None,
                })
                .collect();
            let mut answers = sam
                .decode(embedding, &queries)
                .expect("finite logits")
                .into_iter();
            for step in &steps {
                let answers: Vec<_> = answers.by_ref().take(step.calls.len()).collect();
                let name = format!("{dataset}, {image}, {}", step.name);
                for candidate in 0..CANDIDATES {
                    let mut united = Array2::from_elem(truth.dim(), false);
                    for (answer, scores) in answers.iter().zip(&step.scores) {
                        let mask = &answer.masks[candidate];
                        united.zip_mut_with(&mask.bitmap, |all, &one| *all |= one);
                        let difference = f64::from(mask.predicted_iou.expect("SAM expects one"))
                            - scores[candidate];
                        assert!(
                            difference.abs() <= SCORE,
                            "{name}: score off by {difference}"
                        );
                    }
                    let iou = Overlap::of(united.view(), truth.view()).iou();
                    let expected = step.ious[candidate];
                    assert!(
                        (iou - expected).abs() <= IOU,
                        "{name}, candidate {candidate}: IoU {iou}, expected {expected}"
                    );
                }
            }
        }
    }
}

/// Returns all steps of a row's columns; those that repeat an earlier one are left out.
fn steps(row: &Value) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for column in ["first", "best_score", "oracle"] {
        let mut clicks = Vec::new();
        for step in row[column].as_array().expect("nine steps") {
            clicks.push(click(&step["click"]));
            let call = Call {
                clicks: clicks.clone(),
                bounds: None,
            };
            if steps.iter().any(|earlier| earlier.calls[0] == call) {
                continue;
            }
            steps.push(Step {
                name: format!("{column} {}", clicks.len()),
                calls: vec![call],
                ious: numbers(&step["iou"]),
                scores: vec![numbers(&step["score"])],
            });
        }
    }
    let modes = row["regions"]["modes"].as_array().expect("five modes");
    steps.extend(modes.iter().map(|mode| Step {
        name: mode["mode"].to_string(),
        calls: mode_calls(mode),
        ious: numbers(&mode["iou"]),
        scores: list(&mode["score"]).map(numbers).collect(),
    }));
    steps
}

/// A mode has positive points for one call, or a call for each box.
pub(crate) fn mode_calls(mode: &Value) -> Vec<Call> {
    if mode["points"].is_array() {
        let clicks = list(&mode["points"])
            .map(|point| Click {
                positive: true,
                ..click(point)
            })
            .collect();
        return vec![Call {
            clicks,
            bounds: None,
        }];
    }
    list(&mode["boxes"])
        .map(|corners| {
            let [x0, y0, x1, y1] =
                serde_json::from_value(corners.clone()).expect("four coordinates");
            Call {
                clicks: vec![],
                bounds: Some(PixelBox { x0, y0, x1, y1 }),
            }
        })
        .collect()
}

/// Reads [x, y] or [x, y, label].
fn click(at: &Value) -> Click {
    let coordinate = |index: usize| at[index].as_u64().expect("a pixel") as u32;
    Click {
        x: coordinate(0),
        y: coordinate(1),
        positive: at[2] == 1,
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value)
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

/// Returns the object of a row.
pub(crate) fn truth(dataset: &str, row: &Value) -> Option<Array2<bool>> {
    let image = row["image"].as_str().expect("a file name");
    let labels = pixels(&format!("{dataset}/masks/{image}"))?;
    let class = row["cls"].as_u64().expect("a class");
    let labels = labels.index_axis_move(ndarray::Axis(2), 0);
    // Only the organs are labelled by class.
    let of_class = |label: u8| dataset != "ct_organ" || u64::from(label) == class;
    Some(labels.mapv(|label| label != 0 && of_class(label)))
}

/// Returns the study's input: pixel values relative to the largest, rounded down.
fn maximised(dataset: &str, image: &str) -> Option<Array3<u8>> {
    let pixels = pixels(&format!("{dataset}/images/{image}"))?;
    let largest = f64::from(*pixels.iter().max()?);
    Some(pixels.mapv(|pixel| (f64::from(pixel) / largest * 255.0) as u8))
}
