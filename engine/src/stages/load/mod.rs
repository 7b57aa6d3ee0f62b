//! Load: cases become [`Case`] and [`Slice`] entities. See [`Intake`].
//!
//! Reader threads run ahead and wait on bounded channels, so that memory does not grow with the
//! data set and the order of cases is the same whatever the threads.

mod intake;

pub use intake::{Intake, Loaded};

use std::{sync::Arc, time::Instant};

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;

use super::give_up::note;
use crate::{
    diagnostics::Timings,
    entities::{Case, Complete, Embeddings, Fault, Foreground, Pixels, Slice, SliceOf, Truth},
    pipeline::{Batch, Stage},
    study::Study,
};

/// How many slices a batch holds: enough to fill the decoder, few enough that progress shows.
const SLICES_PER_BATCH: usize = 4;

/// Adds [`spawn_slices`].
pub struct LoadPlugin;

impl Plugin for LoadPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Batch, spawn_slices.in_set(Stage::Load));
    }
}

/// Takes the next slices from the readers.
fn spawn_slices(
    mut commands: Commands,
    study: Res<Study>,
    mut intake: ResMut<Intake>,
    mut timings: ResMut<Timings>,
    mut open_case: Local<Option<Entity>>,
    mut order: Local<u64>,
) {
    let start = Instant::now();
    let mut slices = 0;
    while slices < SLICES_PER_BATCH {
        let Some(loaded) = intake.receive() else {
            break;
        };
        let case = match (&loaded, *open_case) {
            (Loaded::Case { .. }, _) | (_, None) => commands.spawn_empty().id(),
            (_, Some(case)) => case,
        };
        *open_case = Some(case);
        let mut case = commands.entity(case);
        match loaded {
            Loaded::Case { dataset, source } => {
                case.insert(Case {
                    dataset,
                    id: source.id,
                    path: source.path,
                });
            }
            Loaded::Slice(data) => {
                let parent = case.id();
                commands.spawn((
                    SliceOf(parent),
                    Slice {
                        index: data.index,
                        order: *order,
                        spacing_mm: data.spacing_mm,
                    },
                    Pixels(Arc::new(data.pixels)),
                    Foreground(Arc::new(data.foreground)),
                    Truth(data.masks),
                    Embeddings(vec![None; study.models.len()]),
                ));
                slices += 1;
                *order += 1;
            }
            Loaded::Failed(reason) => {
                note(
                    &mut case,
                    Fault {
                        slice: None,
                        model: None,
                        reason,
                    },
                );
            }
            Loaded::Complete => {
                case.insert(Complete);
            }
        }
    }
    timings.add(Stage::Load, start.elapsed());
}
