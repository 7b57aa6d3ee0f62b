//! Derive: a slice's truth becomes [`Mask`] entities, one binary task per object, each with its
//! trials.

use std::{collections::BTreeSet, time::Instant};

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;

use super::give_up::note;
use crate::{
    datasets::ObjectMask,
    diagnostics::Timings,
    entities::{
        Bitmap, Case, Fault, History, Mask, MaskOf, Memory, Pixels, Regions, Script, Slice,
        SliceOf, Trial, TrialOf, Truth, Turn, Waiting,
    },
    metrics::contrast,
    pipeline::{Batch, Stage},
    runs::Scene,
    study::Study,
};

/// Adds [`spawn_masks`].
pub struct DerivePlugin;

impl Plugin for DerivePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Batch, spawn_masks.in_set(Stage::Derive));
    }
}

/// Spawns a mask for each object of each new slice, and on it one trial per model, strategy and
/// repeat, in canonical order. A trial whose prompts were to be replayed and were not recorded is
/// left out, and noted on the case.
fn spawn_masks(
    mut commands: Commands,
    study: Res<Study>,
    mut timings: ResMut<Timings>,
    mut slices: Query<(Entity, &Slice, &Pixels, &SliceOf, &mut Truth)>,
    cases: Query<&Case>,
    mut next_turn: Local<u64>,
) -> Result {
    let start = Instant::now();
    let mut slices: Vec<_> = slices.iter_mut().collect();
    slices.sort_by_key(|(_, slice, ..)| slice.order);
    for (entity, slice, pixels, of, mut truth) in slices {
        let case = cases.get(of.0)?;
        commands.entity(entity).remove::<Truth>();
        for object in std::mem::take(&mut truth.0) {
            let mask = commands
                .spawn((
                    MaskOf(entity),
                    Mask {
                        object: object.object,
                        contrast: contrast(pixels.0.view(), object.bitmap.view()),
                    },
                    Regions::of(object.bitmap.view()),
                ))
                .id();
            let mut unrecorded = BTreeSet::new();
            for trial in trials(&study) {
                let script = match script(&study, case, slice, &object, trial) {
                    Ok(script) => script,
                    Err(reason) => {
                        unrecorded.insert((trial.strategy, reason));
                        continue;
                    }
                };
                let mut spawned = commands.spawn((
                    TrialOf(mask),
                    trial,
                    Turn(*next_turn),
                    Waiting,
                    History::default(),
                    Memory::default(),
                ));
                if let Some(script) = script {
                    spawned.insert(script);
                }
                *next_turn += 1;
            }
            for (_, reason) in unrecorded {
                let fault = Fault {
                    slice: Some(slice.index),
                    model: None,
                    reason,
                };
                note(&mut commands.entity(of.0), fault);
            }
            commands.entity(mask).insert(Bitmap(object.bitmap));
        }
    }
    timings.add(Stage::Derive, start.elapsed());
    Ok(())
}

/// Returns the prompts that a trial replays, if its strategy replays any; the error says why it cannot.
fn script(
    study: &Study,
    case: &Case,
    slice: &Slice,
    object: &ObjectMask,
    trial: Trial,
) -> std::result::Result<Option<Script>, String> {
    let Some(recording) = &study.recordings[trial.strategy] else {
        return Ok(None);
    };
    let dataset = &study.datasets[case.dataset];
    let prompts = recording.find(
        &Scene {
            dataset: dataset.name().to_owned(),
            case: case.id.clone(),
            slice: slice.index,
            object: dataset.objects()[object.object].clone(),
            repeat: trial.repeat,
        },
        object.bitmap.dim(),
    )?;
    Ok(Some(Script(prompts.to_vec())))
}

/// Returns every trial to play on a mask: model by model, strategy by strategy, repeat by repeat.
fn trials(study: &Study) -> impl Iterator<Item = Trial> {
    let (models, strategies) = (study.models.len(), study.strategies.len());
    let repeats = study.scenario.repeats.get();
    (0..models).flat_map(move |model| {
        (0..strategies).flat_map(move |strategy| {
            (0..repeats).map(move |repeat| Trial {
                model,
                strategy,
                repeat,
            })
        })
    })
}
