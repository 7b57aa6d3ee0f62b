//! Encode: slices get the embeddings that their playing trials need. A slice that has one is skipped.

use std::{collections::BTreeMap, time::Instant};

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;

use super::give_up::GiveUp;
use crate::{
    diagnostics::Timings,
    entities::{Embeddings, MaskOf, Pixels, Playing, Trial, TrialOf, Turn},
    limits::Stopwatch,
    pipeline::{Round, Stage},
    study::Study,
};

/// Adds [`embed_slices`].
pub struct EncodePlugin;

impl Plugin for EncodePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Round, embed_slices.in_set(Stage::Encode));
    }
}

/// Computes each missing embedding of a slice on which some trial plays.
fn embed_slices(
    mut give_up: GiveUp<'_, '_>,
    study: Res<Study>,
    mut timings: ResMut<Timings>,
    mut stopwatch: Stopwatch<'_, '_>,
    playing: Query<(&Turn, &Trial, &TrialOf), With<Playing>>,
    masks: Query<&MaskOf>,
    mut slices: Query<(&Pixels, &mut Embeddings)>,
) -> Result {
    let mut needed = BTreeMap::new();
    for (turn, trial, mask) in &playing {
        let slice = masks.get(mask.0)?.0;
        if slices.get(slice)?.1.0[trial.model].is_none() {
            needed.insert((*turn, trial.model), slice);
        }
    }
    for ((_, model), slice) in needed {
        let (pixels, mut embeddings) = slices.get_mut(slice)?;
        if embeddings.0[model].is_some() {
            continue;
        }
        let start = Instant::now();
        match study.models[model].encode(pixels.0.view()) {
            Ok(embedding) => embeddings.0[model] = Some(embedding),
            Err(error) => give_up.model_on_slice(model, slice, &error)?,
        }
        timings.add(Stage::Encode, start.elapsed());
        stopwatch.add(slice, start.elapsed())?;
    }
    Ok(())
}
