//! LiteMedSAM with the official weights on an image of the study. There is no golden tensor of it:
//! it was trained on boxes alone, so a box must find the object.

use engine::{
    entities::Call,
    metrics::Overlap,
    models::{self, Candidates, Query},
    weights::{Architecture, Checkpoint},
};
use kernels::Device;
use tests::golden;

use crate::{
    mobile_sam::pixels,
    study_forced::{mode_calls, truth},
};

/// What the box of every lesion reaches at least; the two clearer ones reach 0.9.
const IOU: f64 = 0.7;

#[test]
fn the_box_of_a_lesion_finds_it() {
    let (Some(weights), Some(study)) = (
        tests::shared("weights/lite_medsam.pth"),
        golden::json("study/study"),
    ) else {
        return;
    };
    let checkpoint = Checkpoint::open(&weights).expect("the official checkpoint");
    let model = models::open(
        "lite_medsam",
        Architecture::LiteMedSam,
        &checkpoint,
        &Device::cpu(),
    )
    .expect("the right shapes");
    assert_eq!(model.candidates(), Candidates::One);
    for row in study["datasets"]["us_breast"].as_array().expect("rows") {
        let image = row["image"].as_str().expect("a file name");
        let pixels = pixels(&format!("us_breast/images/{image}")).expect("beside the study");
        let truth = truth("us_breast", row).expect("beside the study");
        let modes = row["regions"]["modes"].as_array().expect("five modes");
        let whole = modes
            .iter()
            .find(|mode| mode["mode"] == "whole_box")
            .expect("one of them");
        let calls: Vec<Call> = mode_calls(whole);
        let embedding = model.encode(pixels.view()).expect("a finite embedding");
        let query = Query {
            call: &calls[0],
            logits: None,
            state: None,
        };
        let answers = model.decode(&embedding, &[query]).expect("finite logits");
        let [mask] = answers[0].masks.as_slice() else {
            panic!("{} candidates", answers[0].masks.len());
        };
        let iou = Overlap::of(mask.bitmap.view(), truth.view()).iou();
        assert!(iou >= IOU, "{image}: IoU {iou:.3}");
    }
}
