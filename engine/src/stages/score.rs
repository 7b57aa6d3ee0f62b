//! Score: predictions meet the truth, and trials that are over stop playing.

use std::time::Instant;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::{
    diagnostics::Timings,
    entities::{
        Bitmap, Candidate, ChosenMask, History, MaskOf, Memory, Playing, Prediction, PredictionOf,
        PromptOf, Scores, Script, Slice, Trial, TrialOf,
    },
    metrics::Judgement,
    models::State,
    pipeline::{Round, Stage},
    runs::Rle,
    scenario::Stop,
    study::Study,
};

/// Adds [`score_predictions`] and [`end_trials`].
pub struct ScorePlugin;

impl Plugin for ScorePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Round,
            (score_predictions, end_trials).chain().in_set(Stage::Score),
        );
    }
}

/// Judges each new prediction under every choice, keeps the candidate that counts for the next
/// prompt, and drops the others: full-size bitmaps live for one round only.
fn score_predictions(
    mut commands: Commands,
    study: Res<Study>,
    mut timings: ResMut<Timings>,
    mut predictions: Query<(Entity, &mut Prediction, &PredictionOf)>,
    prompts: Query<&PromptOf>,
    mut trials: Query<(&Trial, &TrialOf, &mut Memory)>,
    truths: Query<(&Bitmap, &MaskOf)>,
    slices: Query<&Slice>,
) -> Result {
    let start = Instant::now();
    let mut answers = Vec::new();
    for (entity, mut prediction, prompt) in &mut predictions {
        let owner = prompts.get(prompt.0)?.0;
        let (trial, mask, _) = trials.get(owner)?;
        let (truth, slice) = truths.get(mask.0)?;
        answers.push(Answer {
            entity,
            owner,
            trial: *trial,
            truth: truth.0.view(),
            spacing_mm: slices.get(slice.0)?.spacing_mm,
            candidates: std::mem::take(&mut prediction.candidates),
            states: std::mem::take(&mut prediction.states),
        });
    }
    let scored: Vec<_> = answers
        .into_par_iter()
        .map(|answer| answer.score(&study))
        .collect();
    for scored in scored {
        commands
            .entity(scored.entity)
            .remove::<Prediction>()
            .insert((scored.scores, scored.mask));
        let (_, _, mut memory) = trials.get_mut(scored.owner)?;
        memory.bitmap = Some(scored.kept.bitmap);
        memory.logits = scored.kept.logits;
        memory.states = scored.states;
    }
    timings.add(Stage::Score, start.elapsed());
    Ok(())
}

/// A prediction with all that is needed to score it.
struct Answer<'a> {
    entity: Entity,
    owner: Entity,
    trial: Trial,
    truth: ArrayView2<'a, bool>,
    spacing_mm: Option<[f64; 2]>,
    candidates: Vec<Candidate>,
    states: Vec<State>,
}

/// What is left of a prediction.
struct Scored {
    entity: Entity,
    owner: Entity,
    scores: Scores,
    mask: ChosenMask,
    kept: Candidate,
    states: Vec<State>,
}

impl Answer<'_> {
    fn score(mut self, study: &Study) -> Scored {
        let kind = study.models[self.trial.model].candidates();
        let judgement = Judgement::new(kind, &self.candidates, self.truth);
        let choice = study.strategies[self.trial.strategy].1.choice;
        let chosen = judgement.choices.index(choice);
        let kept = self.candidates.swap_remove(chosen);
        let bitmap = kept.bitmap.view();
        Scored {
            entity: self.entity,
            owner: self.owner,
            scores: Scores {
                judgement,
                chosen,
                predicted_iou: kept.predicted_iou,
                measured: study.wanted.measure(bitmap, self.truth, self.spacing_mm),
            },
            mask: ChosenMask(Rle::encode(bitmap)),
            kept,
            states: self.states,
        }
    }
}

/// Stops the trials that had their last prompt, or reached their target.
fn end_trials(
    mut commands: Commands,
    study: Res<Study>,
    playing: Query<(Entity, &Trial, &History, Option<&Script>), With<Playing>>,
    scored: Query<(&Scores, &PredictionOf), Added<Scores>>,
    prompts: Query<&PromptOf>,
) -> Result {
    for (trial, play, history, script) in &playing {
        let own = study.strategies[play.strategy].0.rounds();
        if history.rounds >= script.map_or(own, |script| script.0.len() as u32) {
            commands.entity(trial).remove::<Playing>();
        }
    }
    for (scores, prompt) in &scored {
        let trial = prompts.get(prompt.0)?.0;
        let (_, play, ..) = playing.get(trial)?;
        if let Stop::AtIou(target) = study.strategies[play.strategy].1.stop
            && scores.overlap().iou() >= target.get()
        {
            commands.entity(trial).remove::<Playing>();
        }
    }
    Ok(())
}
