//! Score: predictions meet the truth, and trials that are over stop playing.

use std::time::Instant;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;

use crate::{
    diagnostics::Timings,
    entities::{
        Bitmap, ChosenMask, History, Memory, Playing, Prediction, PredictionOf, PromptOf, Scores,
        Trial, TrialOf,
    },
    metrics::Judgement,
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
    truths: Query<&Bitmap>,
) -> Result {
    let start = Instant::now();
    for (entity, mut prediction, prompt) in &mut predictions {
        let (trial, mask, mut memory) = trials.get_mut(prompts.get(prompt.0)?.0)?;
        let mut candidates = std::mem::take(&mut prediction.candidates);
        let judgement = Judgement::new(
            study.models[trial.model].candidates(),
            &candidates,
            truths.get(mask.0)?.0.view(),
        );
        let choice = study.strategies[trial.strategy].1.choice;
        let chosen = judgement.choices.index(choice);
        let candidate = candidates.swap_remove(chosen);
        commands.entity(entity).remove::<Prediction>().insert((
            Scores {
                judgement,
                chosen,
                predicted_iou: candidate.predicted_iou,
            },
            ChosenMask(Rle::encode(candidate.bitmap.view())),
        ));
        memory.bitmap = Some(candidate.bitmap);
        memory.logits = candidate.logits;
        memory.states = std::mem::take(&mut prediction.states);
    }
    timings.add(Stage::Score, start.elapsed());
    Ok(())
}

/// Stops the trials that had their last prompt, or reached their target.
fn end_trials(
    mut commands: Commands,
    study: Res<Study>,
    playing: Query<(Entity, &Trial, &History), With<Playing>>,
    scored: Query<(&Scores, &PredictionOf), Added<Scores>>,
    prompts: Query<&PromptOf>,
) -> Result {
    for (trial, play, history) in &playing {
        if history.rounds >= study.strategies[play.strategy].0.rounds() {
            commands.entity(trial).remove::<Playing>();
        }
    }
    for (scores, prompt) in &scored {
        let trial = prompts.get(prompt.0)?.0;
        let (_, play, _) = playing.get(trial)?;
        if let Stop::AtIou(target) = study.strategies[play.strategy].1.stop
            && scores.overlap().iou() >= target.get()
        {
            commands.entity(trial).remove::<Playing>();
        }
    }
    Ok(())
}
