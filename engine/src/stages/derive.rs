//! Derive: a slice's truth becomes [`Mask`] entities, one binary task per object, each with its
//! trials.

use std::time::Instant;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;

use crate::{
    diagnostics::Timings,
    entities::{
        Bitmap, History, Mask, MaskOf, Memory, Regions, Slice, Trial, TrialOf, Truth, Turn, Waiting,
    },
    pipeline::{Batch, Stage},
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
/// repeat, in canonical order.
fn spawn_masks(
    mut commands: Commands,
    study: Res<Study>,
    mut timings: ResMut<Timings>,
    mut slices: Query<(Entity, &Slice, &mut Truth)>,
    mut next_turn: Local<u64>,
) {
    let start = Instant::now();
    let mut slices: Vec<_> = slices.iter_mut().collect();
    slices.sort_by_key(|(_, slice, _)| slice.order);
    for (slice, _, mut truth) in slices {
        commands.entity(slice).remove::<Truth>();
        for object in std::mem::take(&mut truth.0) {
            let mask = commands
                .spawn((
                    MaskOf(slice),
                    Mask {
                        object: object.object,
                    },
                    Regions::of(object.bitmap.view()),
                    Bitmap(object.bitmap),
                ))
                .id();
            for trial in trials(&study) {
                commands.spawn((
                    TrialOf(mask),
                    trial,
                    Turn(*next_turn),
                    Waiting,
                    History::default(),
                    Memory::default(),
                ));
                *next_turn += 1;
            }
        }
    }
    timings.add(Stage::Derive, start.elapsed());
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
