//! Encode: slices get the embeddings that their playing trials need, and so do prompts where the
//! encoding depends on them. A slice that has one is skipped.

use std::collections::{BTreeMap, BTreeSet};

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;

use super::{give_up::GiveUp, queries::queries};
use crate::{
    diagnostics::Timings,
    entities::{
        CallEmbeddings, Embeddings, MaskOf, Memory, Pixels, Playing, Predictions, Prompt, PromptOf,
        Trial, TrialOf, Turn,
    },
    limits::Stopwatch,
    models::Encoding,
    pipeline::{Round, Stage},
    study::Study,
};

/// Adds [`embed_slices`] and [`embed_prompts`].
pub struct EncodePlugin;

impl Plugin for EncodePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Round,
            (embed_slices, embed_prompts).chain().in_set(Stage::Encode),
        );
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
        let start = stopwatch.start(model, slice)?;
        match study.models[model].encode(pixels.0.view()) {
            Ok(embedding) => embeddings.0[model] = Some(embedding),
            Err(error) => {
                give_up.model_on_slice(model, slice, &error)?;
                if error.device_failure().is_some() {
                    stopwatch.stop(slice, start)?;
                    break;
                }
            }
        }
        timings.add(Stage::Encode, stopwatch.stop(slice, start)?);
    }
    Ok(())
}

/// Computes the embeddings of each new prompt of a model whose encoding depends on it.
fn embed_prompts(
    mut commands: Commands,
    mut give_up: GiveUp<'_, '_>,
    study: Res<Study>,
    mut timings: ResMut<Timings>,
    mut stopwatch: Stopwatch<'_, '_>,
    prompts: Query<(Entity, &Prompt, &PromptOf), Without<Predictions>>,
    trials: Query<(&Turn, &Trial, &TrialOf, &Memory)>,
    masks: Query<&MaskOf>,
    slices: Query<&Embeddings>,
) -> Result {
    let mut needed = BTreeMap::new();
    for (entity, prompt, trial) in &prompts {
        let (turn, trial, mask, memory) = trials.get(trial.0)?;
        if study.models[trial.model].encoding() == Encoding::OfPrompts {
            needed.insert(*turn, (entity, prompt, trial, memory, masks.get(mask.0)?.0));
        }
    }
    let mut given_up = BTreeSet::new();
    for (entity, prompt, trial, memory, slice) in needed.into_values() {
        let Some(embedding) = &slices.get(slice)?.0[trial.model] else {
            continue;
        };
        if given_up.contains(&(trial.model, slice)) {
            continue;
        }
        let start = stopwatch.start(trial.model, slice)?;
        let model = &study.models[trial.model];
        let calls: Result<Vec<_>, _> = queries(prompt, memory, &study.strategies[trial.strategy].1)
            .map(|query| model.encode_prompts(embedding, &query))
            .collect();
        match calls {
            Ok(calls) => {
                commands.entity(entity).insert(CallEmbeddings(calls));
            }
            Err(error) => {
                given_up.insert((trial.model, slice));
                give_up.model_on_slice(trial.model, slice, &error)?;
            }
        }
        timings.add(Stage::Encode, stopwatch.stop(slice, start)?);
    }
    Ok(())
}
