//! The system of this stage. See [`PlacePlugin`].

use std::time::Instant;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;

use super::{View, calls, draws::Streams, place};
use crate::{
    diagnostics::Timings,
    entities::{
        Bitmap, Case, Foreground, History, Mask, MaskOf, Memory, Playing, Prompt, PromptOf,
        Regions, Slice, SliceOf, Trial, TrialOf, Turn,
    },
    pipeline::{Round, Stage},
    random::DrawKey,
    scenario::Continue,
    study::Study,
};

/// Adds [`place_prompts`].
pub struct PlacePlugin;

impl Plugin for PlacePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Streams>()
            .add_systems(Round, place_prompts.in_set(Stage::Place));
    }
}

/// Spawns the next prompt of each playing trial, in canonical order.
fn place_prompts(
    mut commands: Commands,
    study: Res<Study>,
    mut streams: ResMut<Streams>,
    mut timings: ResMut<Timings>,
    mut playing: Query<(Entity, &Turn, &Trial, &TrialOf, &Memory, &mut History), With<Playing>>,
    masks: Query<(&Mask, &Bitmap, &Regions, &MaskOf)>,
    slices: Query<(&Slice, &Foreground, &SliceOf)>,
    cases: Query<&Case>,
) -> Result {
    let start = Instant::now();
    let mut playing: Vec<_> = playing.iter_mut().collect();
    playing.sort_by_key(|(_, turn, ..)| **turn);
    for (entity, _, trial, mask, memory, mut history) in playing {
        let (mask, truth, regions, slice) = masks.get(mask.0)?;
        let (slice, foreground, case) = slices.get(slice.0)?;
        let case = cases.get(case.0)?;
        let dataset = &study.datasets[case.dataset];
        let (strategy, protocol) = &study.strategies[trial.strategy];
        let round = history.rounds + 1;
        let primitives = match &strategy.then {
            Continue::Iterate { next, .. } if round > 1 => next,
            _ => &strategy.first,
        };
        let key = DrawKey {
            seed: study.scenario.seed,
            dataset: dataset.name(),
            case: &case.id,
            slice: slice.index,
            object: &dataset.objects()[mask.object],
            repeat: trial.repeat,
            round,
        };
        let view = View {
            truth: truth.0.view(),
            regions,
            foreground: foreground.0.view(),
            last: memory.bitmap.as_ref().map(|bitmap| bitmap.view()),
            clicked: &history.clicks,
        };
        let owner = (case.dataset, trial.model, &*strategy.name);
        let placed = streams.with(&protocol.ties, &key, owner, |draw| {
            place(primitives, &view, protocol, draw)
        });
        history.rounds = round;
        history.clicks.extend_from_slice(&placed.clicks);
        history.boxes.extend_from_slice(&placed.boxes);
        commands.spawn((
            PromptOf(entity),
            Prompt {
                round,
                calls: calls(&history, &placed, protocol),
                clicks: placed.clicks,
                boxes: placed.boxes,
                ties: placed.ties,
            },
        ));
    }
    timings.add(Stage::Place, start.elapsed());
    Ok(())
}
