//! Decode: prompts and embeddings become [`Prediction`] entities, batched over the trials of a slice
//! where these share its embedding.

use std::collections::BTreeMap;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use ndarray::Zip;

use super::{give_up::GiveUp, queries::queries};
use crate::{
    diagnostics::Timings,
    entities::{
        CallEmbeddings, Candidate, Embeddings, MaskOf, Memory, Prediction, PredictionOf,
        Predictions, Prompt, PromptOf, Slice, Trial, TrialOf, Turn,
    },
    limits::Stopwatch,
    models::{self, Embedding, Query as ModelQuery},
    pipeline::{Round, Stage},
    study::Study,
};

/// How many calls the decoder is given at once.
const CALLS_PER_BATCH: usize = 64;

/// Adds [`predict_masks`].
pub struct DecodePlugin;

impl Plugin for DecodePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Round, predict_masks.in_set(Stage::Decode));
    }
}

/// Spawns a prediction for each prompt that has none.
fn predict_masks(
    mut commands: Commands,
    mut give_up: GiveUp<'_, '_>,
    study: Res<Study>,
    mut timings: ResMut<Timings>,
    mut stopwatch: Stopwatch<'_, '_>,
    prompts: Query<(Entity, &Prompt, &PromptOf, Option<&CallEmbeddings>), Without<Predictions>>,
    trials: Query<(&Turn, &Trial, &TrialOf, &Memory)>,
    masks: Query<&MaskOf>,
    slices: Query<(&Slice, &Embeddings)>,
) -> Result {
    // By slice and model, each group in the order of its trials.
    let mut groups: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (entity, prompt, trial, own) in &prompts {
        let (turn, trial, mask, memory) = trials.get(trial.0)?;
        let slice = masks.get(mask.0)?.0;
        let order = slices.get(slice)?.0.order;
        groups
            .entry((order, trial.model, slice))
            .or_default()
            .insert(*turn, (entity, prompt, trial, memory, own));
    }
    for ((_, model, slice), group) in groups {
        let (_, embeddings) = slices.get(slice)?;
        // A slice whose encoding failed has no trials left: the commands that end them are pending.
        let Some(shared) = &embeddings.0[model] else {
            continue;
        };
        let start = stopwatch.start(model, slice)?;
        let asked: Vec<ModelQuery<'_>> = group
            .values()
            .flat_map(|(_, prompt, trial, memory, _)| {
                queries(prompt, memory, &study.strategies[trial.strategy].1)
            })
            .collect();
        let own = group.values().filter_map(|(.., own)| *own);
        let own: Vec<_> = own.flat_map(|embeddings| &embeddings.0).collect();
        let mut answers = Vec::with_capacity(asked.len());
        for (embedding, batch) in batches(shared, &own, &asked) {
            match study.models[model].decode(embedding, batch) {
                Ok(predictions) => answers.extend(predictions),
                Err(error) => {
                    give_up.model_on_slice(model, slice, &error)?;
                    break;
                }
            }
        }
        timings.add(Stage::Decode, stopwatch.stop(slice, start)?);
        if answers.len() < asked.len() {
            continue;
        }
        let mut answers = answers.into_iter();
        for (entity, prompt, ..) in group.into_values() {
            let prediction = unite(answers.by_ref().take(prompt.calls.len()));
            commands.spawn((PredictionOf(entity), prediction));
            commands.entity(entity).remove::<CallEmbeddings>();
        }
    }
    Ok(())
}

/// Returns the queries that are decoded together, with what they are decoded from: each with its own
/// embedding where it has one, else many with the slice's.
fn batches<'a, 'q>(
    shared: &'a Embedding,
    own: &[&'a Embedding],
    asked: &'a [ModelQuery<'q>],
) -> Vec<(&'a Embedding, &'a [ModelQuery<'q>])> {
    if own.is_empty() {
        let chunks = asked.chunks(CALLS_PER_BATCH);
        chunks.map(|batch| (shared, batch)).collect()
    } else {
        own.iter().copied().zip(asked.chunks(1)).collect()
    }
}

/// Unites the answers to the calls of one prompt, candidate by candidate: bitmaps by «or» (the
/// study's mode 4, a box per region), predicted IoUs by their mean.
fn unite(calls: impl Iterator<Item = models::Prediction>) -> Prediction {
    let mut united: Vec<Candidate> = Vec::new();
    let mut states = Vec::new();
    let mut count = 0.0;
    for call in calls {
        count += 1.0;
        states.extend(call.state);
        for (index, mask) in call.masks.into_iter().enumerate() {
            match united.get_mut(index) {
                None => united.push(Candidate {
                    bitmap: mask.bitmap,
                    predicted_iou: mask.predicted_iou,
                    logits: mask.logits.into_iter().collect(),
                }),
                Some(candidate) => {
                    Zip::from(&mut candidate.bitmap)
                        .and(&mask.bitmap)
                        .for_each(|all, &one| *all |= one);
                    let expected = candidate.predicted_iou.zip(mask.predicted_iou);
                    candidate.predicted_iou =
                        expected.map(|(mean, one)| mean + (one - mean) / count);
                    candidate.logits.extend(mask.logits);
                }
            }
        }
    }
    Prediction {
        candidates: united,
        states,
    }
}
