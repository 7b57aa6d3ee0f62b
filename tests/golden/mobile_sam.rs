//! MobileSAM with the official weights against `golden/mobilesam_*.safetensors` (section 3 of its
//! README).

use engine::{
    models::sam::{
        FramePrompt, Geometry, LowResolution, Sam, SamConfig, SamEmbedding, prepare, threshold,
    },
    weights::{Architecture, Checkpoint},
};
use kernels::{Device, Precision, Tensor};
use ndarray::{Array3, ArrayView2, Axis};
use serde_json::Value;
use tests::{golden::Golden, graphics};

use crate::compare::{assert_close, channels_first, stacked, tokens};

/// An image of the study with what the reference makes of it.
const ULTRASOUND: (&str, &str) = ("mobilesam_us_breast_10080", "us_breast/images/10080.png");

/// Another.
const CHEST: (&str, &str) = (
    "mobilesam_chest_CHNCXR_0066_0",
    "xray_chest/images/CHNCXR_0066_0.png",
);

/// Returns MobileSAM on the CPU, or `None` where its weights are absent.
pub(crate) fn mobile_sam() -> Option<Sam> {
    mobile_sam_on(&Device::cpu())
}

fn mobile_sam_on(device: &Device) -> Option<Sam> {
    let path = tests::shared("weights/mobile_sam.pt")?;
    let checkpoint = Checkpoint::open(&path).expect("the official checkpoint");
    let config = SamConfig::of(Architecture::MobileSam).expect("it runs");
    Some(Sam::load("mobile_sam", config, &checkpoint, device).expect("the right shapes"))
}

/// Returns the RGB pixels of an image of the study.
pub(crate) fn pixels(path: &str) -> Option<Array3<u8>> {
    let image = image::open(tests::shared(&format!("golden/study/{path}"))?).expect("a picture");
    let image = image.to_rgb8();
    let shape = (image.height() as usize, image.width() as usize, 3);
    Some(Array3::from_shape_vec(shape, image.into_raw()).expect("three channels"))
}

#[test]
fn ultrasound_equals_the_reference() {
    check(&Device::cpu(), ULTRASOUND);
}

#[test]
fn ultrasound_on_a_graphics_device_equals_the_reference() {
    if let Some(device) = graphics() {
        check(&device, ULTRASOUND);
    }
}

#[test]
fn chest_x_ray_equals_the_reference() {
    check(&Device::cpu(), CHEST);
}

/// Products of `bf16` move outlines by single pixels: masks overlap the reference's almost wholly.
#[test]
fn rounded_operands_find_the_same_regions() {
    const LEAST: f64 = 0.95;
    const LEAST_MEAN: f64 = 0.99;
    let device = Device::cpu().with_precision(Precision::Bf16);
    let device = device.expect("the CPU computes in it");
    let mut overlaps = Vec::new();
    for (name, image) in [ULTRASOUND, CHEST] {
        let (Some(golden), Some(sam), Some(pixels)) =
            (Golden::open(name), mobile_sam_on(&device), pixels(image))
        else {
            return;
        };
        let embedding = sam.embed(pixels.view()).expect("the device works");
        let geometry = &embedding.geometry;
        let size = [geometry.slice.height, geometry.slice.width];
        let prompts = golden.metadata("prompts");
        for name in ["point", "points", "box", "box_point"] {
            let asked = prompt(&prompts[name], geometry);
            let answers = sam.predict(&embedding, &[asked]).expect("finite logits");
            let masks = golden.bitmaps(&format!("{name}.masks.bits"), size);
            for (candidate, (logits, theirs)) in answers[0].logits.iter().zip(&masks).enumerate() {
                let ours = threshold(logits.view(), geometry);
                let either = ours.iter().zip(theirs).filter(|(a, b)| **a || **b).count();
                let different = differences(ours.view(), theirs.view());
                let overlap = 1.0 - different as f64 / either.max(1) as f64;
                assert!(
                    overlap >= LEAST,
                    "{image}, {name}, candidate {candidate}: IoU {overlap}"
                );
                overlaps.push(overlap);
            }
        }
    }
    let mean = overlaps.iter().sum::<f64>() / overlaps.len() as f64;
    assert!(mean >= LEAST_MEAN, "mean IoU {mean}");
}

fn check(device: &Device, (name, image): (&str, &str)) {
    let (Some(golden), Some(sam), Some(pixels)) =
        (Golden::open(name), mobile_sam_on(device), pixels(image))
    else {
        return;
    };
    let embedding = check_encoder(device, &golden, &sam, &pixels);
    let prompts = golden.metadata("prompts");
    let predict = |prompt| {
        let mut answers = sam.predict(&embedding, &[prompt]).expect("finite logits");
        answers.remove(0)
    };
    let first = predict(prompt(&prompts["point"], &embedding.geometry));
    check_answer(&golden, "point", &first, &embedding.geometry);
    for name in ["points", "box", "box_point"] {
        check_answer(
            &golden,
            name,
            &predict(prompt(&prompts[name], &embedding.geometry)),
            &embedding.geometry,
        );
    }
    let fed_back = FramePrompt {
        logits: Some(first.logits[1].view()),
        ..prompt(&prompts["mask_feedback"], &embedding.geometry)
    };
    check_answer(
        &golden,
        "mask_feedback",
        &predict(fed_back),
        &embedding.geometry,
    );
}

/// Compares the encoder stage by stage; returns what the decoder goes on from.
fn check_encoder(device: &Device, golden: &Golden, sam: &Sam, pixels: &Array3<u8>) -> SamEmbedding {
    const TOLERANCE: f64 = 5e-5;
    let geometry = Geometry::new(pixels.len_of(Axis(0)), pixels.len_of(Axis(1)), 1024);
    let config = SamConfig::of(Architecture::MobileSam).expect("it runs");
    let frame =
        prepare(pixels.view(), &geometry, config.preparation, device).expect("the device works");
    let mut visit = |name: &str, tensor: &Tensor| {
        let (stored, ours, strides): (_, _, &[usize]) = if name.starts_with("neck") {
            (format!("{name}.sub"), channels_first(tensor), &[1, 4, 8, 8])
        } else if name.starts_with("layer") {
            (format!("stage.{name}.sub"), tokens(tensor), &[1, 37, 8])
        } else {
            (
                format!("stage.{name}.sub"),
                channels_first(tensor),
                &[1, 4, 16, 16],
            )
        };
        let theirs = golden.f32(&stored);
        assert_close(name, &ours, strides, &theirs, TOLERANCE);
    };
    let embedding = sam.encoder.encode_visiting(&frame, &mut visit);
    let embedding = embedding.expect("the device works");
    let ours = channels_first(&embedding);
    let theirs = golden.f32("embedding.sub");
    assert_close("embedding", &ours, &[1, 4, 4, 4], &theirs, TOLERANCE);
    SamEmbedding {
        geometry,
        image: sam.decoder.prepare(embedding).expect("the device works"),
    }
}

fn check_answer(golden: &Golden, name: &str, answer: &LowResolution, geometry: &Geometry) {
    let ours = stacked(&answer.logits);
    let theirs = golden.f32(&format!("{name}.logits.sub"));
    assert_close(
        &format!("{name}.logits"),
        &ours,
        &[1, 1, 4, 4],
        &theirs,
        2e-4,
    );
    for (ours, theirs) in answer
        .scores
        .iter()
        .zip(&golden.f32(&format!("{name}.scores")))
    {
        assert!(
            (ours - theirs).abs() <= 1e-4,
            "{name}: score {ours}, expected {theirs}"
        );
    }
    let size = [geometry.slice.height, geometry.slice.width];
    let masks = golden.bitmaps(&format!("{name}.masks.bits"), size);
    let near_zero = golden.i64(&format!("{name}.near_zero"));
    for (candidate, (logits, theirs)) in answer.logits.iter().zip(&masks).enumerate() {
        let ours = threshold(logits.view(), geometry);
        let different = differences(ours.view(), theirs.view());
        let allowed = (near_zero[[candidate]] as usize / 20).max(3);
        assert!(
            different <= allowed,
            "{name}, candidate {candidate}: {different} pixels differ, allowed {allowed}"
        );
    }
}

fn differences(a: ArrayView2<'_, bool>, b: ArrayView2<'_, bool>) -> usize {
    assert_eq!(a.dim(), b.dim());
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

/// Ours of a golden prompt, whose coordinates are in pixels of the image.
fn prompt<'a>(prompt: &Value, geometry: &Geometry) -> FramePrompt<'a> {
    let numbers = |value: &Value| -> Vec<f64> {
        serde_json::from_value(value.clone()).expect("a list of numbers")
    };
    let points = prompt["points"].as_array().map_or(vec![], |points| {
        points
            .iter()
            .map(numbers)
            .zip(numbers(&prompt["labels"]))
            .map(|(at, label)| (geometry.frame_from_slice(at[0], at[1]), label > 0.0))
            .collect()
    });
    let bounds = prompt["box"].as_array().map(|_| {
        let corners = numbers(&prompt["box"]);
        let corner = |at: usize| geometry.frame_from_slice(corners[at], corners[at + 1]);
        [corner(0), corner(2)]
    });
    FramePrompt {
        points,
        bounds,
        logits: None,
    }
}
