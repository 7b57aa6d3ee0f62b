//! The system of this stage. See [`PlacePlugin`].

use std::time::Instant;

use bevy_app::{App, Plugin};
use bevy_ecs::{prelude::*, system::SystemParam};
use kernels::distance::Farthest;

use super::{Placed, Plan, View, calls, draws::Streams, measure};
use crate::{
    diagnostics::Timings,
    entities::{
        Bitmap, Case, Foreground, History, Mask, MaskOf, Memory, Playing, Prompt, PromptOf,
        Regions, Script, Slice, SliceOf, Trial, TrialOf, Turn,
    },
    pipeline::{Round, Stage},
    random::DrawKey,
    scenario::Continue,
    stages::DeviceFailure,
    study::Study,
};

/// How many pixels of regions are measured together (one byte each, and a few words each on a
/// graphics device): the trials of a round on 512² slices are usually fewer.
const MOST_PIXELS: usize = 1 << 26;

/// Adds [`place_prompts`].
pub struct PlacePlugin;

impl Plugin for PlacePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Streams>()
            .add_systems(Round, place_prompts.in_set(Stage::Place));
    }
}

/// A trial that is due a prompt.
type Due<'a> = (
    &'a Turn,
    Entity,
    &'a Trial,
    &'a TrialOf,
    &'a Memory,
    Mut<'a, History>,
    Option<&'a Script>,
);

/// Spawns the next prompt of each playing trial, in canonical order: as its strategy says, or as it
/// was recorded. Distances of all trials are
/// measured together, on the study's device.
fn place_prompts(
    mut commands: Commands,
    mut streams: ResMut<Streams>,
    mut timings: ResMut<Timings>,
    mut playing: Query<
        (
            &Turn,
            Entity,
            &Trial,
            &TrialOf,
            &Memory,
            &mut History,
            Option<&Script>,
        ),
        With<Playing>,
    >,
    scene: Scene<'_, '_>,
) -> Result {
    let start = Instant::now();
    let mut playing: Vec<Due<'_>> = playing.iter_mut().collect();
    playing.sort_by_key(|(turn, ..)| **turn);
    let mut rest = playing.as_mut_slice();
    while !rest.is_empty() {
        let plans = scene.plan_next(rest)?;
        let measured = match measure(&scene.study.device, &plans) {
            Ok(measured) => measured,
            Err(error) => {
                commands.insert_resource(DeviceFailure(error));
                break;
            }
        };
        let prompts = plans.iter().zip(measured).zip(&*rest);
        let placed = prompts
            .map(|((plan, measured), due)| scene.finish(plan, measured, due, &mut streams))
            .collect::<Result<Vec<_>>>()?;
        let (next, later) = rest.split_at_mut(placed.len());
        for ((_, trial, play, _, _, history, _), placed) in next.iter_mut().zip(placed) {
            history.rounds += 1;
            history.clicks.extend_from_slice(&placed.clicks);
            history.boxes.extend_from_slice(&placed.boxes);
            let protocol = &scene.study.strategies[play.strategy].1;
            commands.spawn((
                PromptOf(*trial),
                Prompt {
                    round: history.rounds,
                    calls: calls(history, &placed, protocol),
                    clicks: placed.clicks,
                    boxes: placed.boxes,
                    ties: placed.ties,
                },
            ));
        }
        rest = later;
    }
    timings.add(Stage::Place, start.elapsed());
    Ok(())
}

/// Everything above a trial, as Place reads it.
#[derive(SystemParam)]
struct Scene<'w, 's> {
    study: Res<'w, Study>,
    masks: Query<
        'w,
        's,
        (
            &'static Mask,
            &'static Bitmap,
            &'static Regions,
            &'static MaskOf,
        ),
    >,
    slices: Query<'w, 's, (&'static Slice, &'static Foreground, &'static SliceOf)>,
    cases: Query<'w, 's, &'static Case>,
}

impl Scene<'_, '_> {
    /// Plans the prompts of the first trials, as many as are measured together.
    fn plan_next<'a>(&'a self, due: &'a [Due<'_>]) -> Result<Vec<Plan<'a, 'a>>> {
        let mut plans = Vec::new();
        let mut pixels = 0;
        for (_, _, trial, mask, memory, history, script) in due {
            if pixels > MOST_PIXELS {
                break;
            }
            let plan = self.plan(trial, **mask, memory, history, script.is_some())?;
            pixels += plan.pixels();
            plans.push(plan);
        }
        Ok(plans)
    }

    /// Looks at the truth and the last answer with the strategy's eyes.
    fn plan<'a>(
        &'a self,
        trial: &Trial,
        mask: TrialOf,
        memory: &'a Memory,
        history: &'a History,
        is_scripted: bool,
    ) -> Result<Plan<'a, 'a>> {
        let (_, truth, regions, slice) = self.masks.get(mask.0)?;
        let (_, foreground, _) = self.slices.get(slice.0)?;
        let (strategy, protocol) = &self.study.strategies[trial.strategy];
        let primitives = match &strategy.then {
            _ if is_scripted => &[][..],
            Continue::Iterate { next, .. } if history.rounds > 0 => next,
            _ => &strategy.first,
        };
        let view = View {
            truth: truth.0.view(),
            regions,
            foreground: foreground.0.view(),
            last: memory.bitmap.as_ref().map(|bitmap| bitmap.view()),
            clicked: &history.clicks,
        };
        Ok(Plan::new(primitives, view, protocol))
    }

    /// Draws the prompt's clicks among the deepest pixels.
    fn finish(
        &self,
        plan: &Plan<'_, '_>,
        measured: Vec<Farthest>,
        (_, _, trial, mask, _, history, script): &Due<'_>,
        streams: &mut Streams,
    ) -> Result<Placed> {
        if let Some(prompt) = script.and_then(|script| script.0.get(history.rounds as usize)) {
            return Ok(prompt.clone().into());
        }
        let (mask, _, _, slice) = self.masks.get(mask.0)?;
        let (slice, _, case) = self.slices.get(slice.0)?;
        let case = self.cases.get(case.0)?;
        let dataset = &self.study.datasets[case.dataset];
        let (strategy, protocol) = &self.study.strategies[trial.strategy];
        let key = DrawKey {
            seed: self.study.scenario.seed,
            dataset: dataset.name(),
            case: &case.id,
            slice: slice.index,
            object: &dataset.objects()[mask.object],
            repeat: trial.repeat,
            round: history.rounds + 1,
        };
        let owner = (case.dataset, trial.model, &*strategy.name);
        Ok(streams.with(&protocol.ties, &key, owner, |draw| {
            plan.finish(measured, draw)
        }))
    }
}
