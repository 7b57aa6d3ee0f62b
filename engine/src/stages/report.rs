//! Report: what was scored becomes rows and run-length masks, case by case. See [`Ledger`].

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Instant,
};

use bevy_app::{App, Plugin};
use bevy_ecs::{prelude::*, system::SystemParam};

use crate::{
    diagnostics::Timings,
    entities::{
        Case, ChosenMask, Complete, Failed, Fault, Mask, Masks, Predictions, Prompt, Prompts,
        Regions, Scores, Slice, Slices, Trial, Trials,
    },
    limits::lock,
    pipeline::{Batch, Stage},
    runs::{CaseKey, CaseResult, Failure, PredictedMask, Results, Row, RunError, TrialId},
    scenario::Choice,
    study::Study,
};

/// Adds [`report_slices`] and [`finish_cases`].
pub struct ReportPlugin;

impl Plugin for ReportPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Batch,
            (report_slices, finish_cases).chain().in_set(Stage::Report),
        );
    }
}

/// Where rows go.
#[derive(Resource)]
pub struct Ledger {
    /// The growing files of the run folder, which the watchdog writes to as well.
    pub results: Arc<Mutex<Results>>,
    /// Set when a file could not be written: the run must stop.
    pub error: Option<RunError>,
    /// The lines of cases whose slices are still being played.
    open: BTreeMap<Entity, CaseLines>,
}

impl Ledger {
    /// Starts with nothing done.
    pub fn new(results: Arc<Mutex<Results>>) -> Self {
        Self {
            results,
            error: None,
            open: BTreeMap::new(),
        }
    }
}

#[derive(Default)]
struct CaseLines {
    rows: Vec<Row>,
    predictions: Vec<PredictedMask>,
    slices: usize,
    trials: usize,
}

/// Everything below a slice, as Report reads it.
#[derive(SystemParam)]
struct Played<'w, 's> {
    study: Res<'w, Study>,
    masks: Query<'w, 's, (&'static Mask, &'static Regions, Option<&'static Trials>)>,
    trials: Query<'w, 's, (&'static Trial, Option<&'static Prompts>)>,
    prompts: Query<'w, 's, (&'static Prompt, &'static Predictions)>,
    predictions: Query<'w, 's, (&'static Scores, &'static ChosenMask)>,
}

/// Turns the batch's slices into lines of their cases, and despawns them.
fn report_slices(
    mut commands: Commands,
    mut ledger: ResMut<Ledger>,
    mut timings: ResMut<Timings>,
    cases: Query<(Entity, &Case, &Slices)>,
    slices: Query<(&Slice, Option<&Masks>)>,
    played: Played<'_, '_>,
) -> Result {
    let start = Instant::now();
    for (entity, case, children) in &cases {
        let lines = ledger.open.entry(entity).or_default();
        let mut children: Vec<_> = children.iter().collect();
        children.sort_by_key(|&slice| slices.get(slice).map(|(slice, _)| slice.order).ok());
        for child in children {
            let (slice, masks) = slices.get(child)?;
            for mask in masks.into_iter().flat_map(Masks::iter) {
                played.report_mask(case, slice, mask, lines)?;
            }
            lines.slices += 1;
            commands.entity(child).despawn();
        }
    }
    timings.add(Stage::Report, start.elapsed());
    Ok(())
}

/// Writes the lines of each case of which no more slices come, and despawns it.
fn finish_cases(
    mut commands: Commands,
    mut ledger: ResMut<Ledger>,
    study: Res<Study>,
    cases: Query<(Entity, &Case, Option<&Failed>), With<Complete>>,
) {
    for (entity, case, failed) in &cases {
        let key = CaseKey {
            dataset: case.dataset,
            case: case.id.clone(),
        };
        let ledger = &mut *ledger;
        let lines = ledger.open.remove(&entity).unwrap_or_default();
        let faults = failed.map_or(&[][..], |failed| &failed.0);
        let failures: Vec<_> = faults
            .iter()
            .map(|fault| failure(&study, case, fault))
            .collect();
        let result = CaseResult {
            rows: &lines.rows,
            predictions: &lines.predictions,
            failures: &failures,
            slices: lines.slices,
            trials: lines.trials,
        };
        let written = lock(&ledger.results).finish_case(key, &result);
        if let Err(error) = written {
            ledger.error.get_or_insert(error);
        }
        commands.entity(entity).despawn();
    }
}

impl Played<'_, '_> {
    /// Adds the lines of one mask's trials, in canonical order: relationships keep the order of spawning.
    fn report_mask(
        &self,
        case: &Case,
        slice: &Slice,
        mask: Entity,
        lines: &mut CaseLines,
    ) -> Result {
        let dataset = &self.study.datasets[case.dataset];
        let (mask, regions, trials) = self.masks.get(mask)?;
        for trial in trials.into_iter().flat_map(Trials::iter) {
            let (trial, prompts) = self.trials.get(trial)?;
            let (strategy, protocol) = &self.study.strategies[trial.strategy];
            let id = TrialId {
                dataset: dataset.name().to_owned(),
                case: case.id.clone(),
                slice: slice.index,
                object: dataset.objects()[mask.object].clone(),
                model: self.study.models[trial.model].name().to_owned(),
                strategy: strategy.name.to_string(),
                repeat: trial.repeat,
            };
            lines.trials += 1;
            for prompt in prompts.into_iter().flat_map(Prompts::iter) {
                let (prompt, predictions) = self.prompts.get(prompt)?;
                for prediction in predictions.iter() {
                    let (scores, chosen) = self.predictions.get(prediction)?;
                    let row = row(id.clone(), protocol.id(), prompt, scores);
                    lines.rows.push(Row {
                        regions: Some(regions.by_area.len()),
                        contrast: mask.contrast,
                        ..row
                    });
                    lines.predictions.push(PredictedMask {
                        trial: id.clone(),
                        prompts: prompt.round,
                        calls: prompt.calls.clone(),
                        added: prompt.added(),
                        segmentation: chosen.0.clone(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Returns the line of one fault, and warns of it.
fn failure(study: &Study, case: &Case, fault: &Fault) -> Failure {
    tracing::warn!("{}", fault.reason);
    Failure::new(study, case, fault.clone())
}

/// Returns the row of one prediction.
fn row(trial: TrialId, protocol: String, prompt: &Prompt, scores: &Scores) -> Row {
    let click = prompt.clicks.last();
    let overlap = scores.overlap();
    let shown = prompt.shown();
    let measured = scores.measured;
    Row {
        dataset: trial.dataset,
        case: trial.case,
        slice: trial.slice,
        object: trial.object,
        model: trial.model,
        strategy: trial.strategy,
        protocol,
        repeat: trial.repeat,
        prompts: prompt.round,
        x: click.map(|click| click.x),
        y: click.map(|click| click.y),
        label: click.map(|click| u8::from(click.positive)),
        ties: click.map(|_| prompt.ties),
        clicks: shown.clicks,
        boxes: shown.boxes,
        chosen: scores.chosen,
        iou: overlap.iou(),
        iou_first: scores.judgement.iou(Choice::First),
        iou_best: scores.judgement.iou(Choice::BestScore),
        iou_oracle: scores.judgement.iou(Choice::Oracle),
        iou_single: scores.judgement.iou(Choice::Single),
        dice: overlap.dice(),
        precision: overlap.precision(),
        recall: overlap.recall(),
        predicted_iou: scores.predicted_iou,
        area_truth: overlap.truth,
        area_predicted: overlap.predicted,
        regions: None,
        contrast: None,
        unit: measured.unit,
        boundary_iou: measured.boundary_iou,
        hd95: measured.hd95,
        assd: measured.assd,
        nsd: measured.nsd,
    }
}
