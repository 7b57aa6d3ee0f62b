//! What a slice costs in memory: once a model has seen a few, the next allocates nothing new.

use engine::{
    entities::{Call, Click},
    models::{
        Candidates, Model, Query,
        sam::{EncoderConfig, GRID, Preparation, Sam, SamConfig, VitConfig},
    },
    weights::Formula,
};
use kernels::Device;
use ndarray::Array3;
use tests::devices;

/// A SAM with a small encoder and the family's decoder.
fn sam(device: &Device) -> Sam {
    let config = SamConfig {
        frame: 1024,
        preparation: Preparation::Sam,
        candidates: Candidates::SingleThenMulti,
        encoder: EncoderConfig::Vit(VitConfig {
            grid: GRID,
            channels: 16,
            depth: 1,
            heads: 1,
            window: 14,
            global_blocks: vec![],
        }),
    };
    Sam::load("small", config, &Formula::default(), device).expect("formula weights fit")
}

/// Encodes a slice and decodes two clicks on it.
fn play(sam: &Sam, shade: u8) -> Vec<engine::models::Prediction> {
    let pixels = Array3::from_elem((64, 48, 3), shade);
    let embedding = sam.encode(pixels.view()).expect("the device has room");
    let calls: Vec<_> = (0..2)
        .map(|index| Call {
            clicks: vec![Click {
                x: 5 * index,
                y: 3 * index,
                positive: true,
            }],
            bounds: None,
        })
        .collect();
    let queries: Vec<_> = calls
        .iter()
        .map(|call| Query {
            call,
            logits: None,
            state: None,
        })
        .collect();
    sam.decode(&embedding, &queries)
        .expect("the device has room")
}

#[test]
fn further_slices_allocate_nothing_new() {
    // On one thread: how many tasks hold scratch memory at once is luck on several.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a thread can be had").install(|| {
        for device in devices() {
            let name = device.name();
            let sam = sam(&device);
            for shade in [10, 90] {
                play(&sam, shade);
            }
            let before = device.allocations();
            for shade in [50, 200, 140] {
                play(&sam, shade);
            }
            let after = device.allocations();
            assert!(after.requests > before.requests, "{name}: {after:?}");
            assert_eq!(
                (after.held, after.held_bytes),
                (before.held, before.held_bytes),
                "{name}"
            );
        }
    });
}
