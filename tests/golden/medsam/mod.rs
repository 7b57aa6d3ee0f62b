//! MedSAM's way from pixels to a mask, with formula weights and a small encoder, against what its
//! publisher's steps gave (`medsam.py` beside this file). Its own encoder is SAM's ViT-B, which
//! `sam.rs` compares.

use base64::Engine as _;
use engine::{
    entities::{Call, PixelBox},
    models::{
        Candidates, Embedding, Model, Query,
        sam::{EncoderConfig, GRID, Preparation, Sam, SamConfig, VitConfig},
    },
    weights::Formula,
};
use kernels::Device;
use ndarray::{Array3, ArrayD, IxDyn};
use serde::Deserialize;
use std::sync::Arc;

use crate::compare::{assert_close, channels_first};

#[derive(Deserialize)]
struct Case {
    /// Height and width.
    size: [usize; 2],
    /// Every 32nd channel, 16th row and 16th column.
    embedding: Vec<f32>,
    masks: Vec<Mask>,
}

#[derive(Deserialize)]
struct Mask {
    #[serde(rename = "box")]
    corners: [u32; 4],
    score: f32,
    area: usize,
    /// How many probabilities are within 1e-4 of one half, and may fall on either side.
    near_half: usize,
    /// One bit per pixel, the first the most significant.
    bits: String,
}

/// The picture of `medsam.py`.
fn picture(height: usize, width: usize) -> Array3<u8> {
    Array3::from_shape_fn((height, width, 3), |(y, x, _)| {
        let (down, along) = (2 * y as i64 - height as i64, 2 * x as i64 - width as i64);
        let (height, width) = (height as i64, width as i64);
        let far = down * down * width * width + along * along * height * height * 2;
        let inside = far < height * height * width * width;
        ((x * 3 + y * 2) % 97 + 20 + 110 * usize::from(inside)) as u8
    })
}

#[test]
fn masks_are_those_of_the_publishers_steps() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("medsam.json")).expect("written by medsam.py");
    let config = SamConfig {
        frame: 1024,
        preparation: Preparation::MedSam,
        candidates: Candidates::One,
        encoder: EncoderConfig::Vit(VitConfig {
            grid: GRID,
            channels: 32,
            depth: 2,
            heads: 2,
            window: 14,
            global_blocks: vec![1],
        }),
    };
    let sam = Sam::load("medsam", config, &Formula::default(), &Device::cpu())
        .expect("formula weights have every shape");
    for Case {
        size: [height, width],
        embedding,
        masks,
    } in cases
    {
        let ours = sam.embed(picture(height, width).view()).expect("finite");
        let theirs = ArrayD::from_shape_vec(IxDyn(&[1, 8, 4, 4]), embedding).expect("its shape");
        let map = channels_first(ours.image.embedding());
        assert_close("embedding", &map, &[1, 32, 16, 16], &theirs, 1e-4);
        let embedding = Embedding(Arc::new(ours));
        for theirs in masks {
            let [x0, y0, x1, y1] = theirs.corners;
            let call = Call {
                clicks: vec![],
                bounds: Some(PixelBox { x0, y0, x1, y1 }),
            };
            let query = Query {
                call: &call,
                logits: None,
                state: None,
            };
            let answers = sam.decode(&embedding, &[query]).expect("finite");
            let [ours] = answers[0].masks.as_slice() else {
                panic!("{} candidates", answers[0].masks.len());
            };
            let bits = base64::prelude::BASE64_STANDARD.decode(&theirs.bits);
            let bits = bits.expect("written by medsam.py");
            let is_inside = |pixel: usize| bits[pixel / 8] >> (7 - pixel % 8) & 1 == 1;
            assert_eq!(
                (0..height * width).filter(|&i| is_inside(i)).count(),
                theirs.area
            );
            assert_eq!(ours.bitmap.dim(), (height, width));
            let pixels = ours.bitmap.iter().enumerate();
            let different = pixels.filter(|&(i, &ours)| ours != is_inside(i)).count();
            let what = format!("{height} × {width}, box {:?}", theirs.corners);
            let allowed = theirs.near_half;
            assert!(
                different <= allowed,
                "{what}: {different} pixels differ, allowed {allowed}"
            );
            let score = ours.predicted_iou.expect("it has a head for it");
            assert!((score - theirs.score).abs() < 1e-5, "{what}: {score}");
        }
    }
}
