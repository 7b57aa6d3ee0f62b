//! Which trials play at the same time. See [`deal_trials`].

use bevy_ecs::prelude::*;

use crate::{
    entities::{Bitmap, Playing, Trial, TrialOf, Turn, Waiting},
    limits::Budget,
    study::Study,
};

/// Candidate masks per trial: SAM's four.
const CANDIDATES: usize = 4;

/// Lets the next waiting trials play: as many as memory allows, in canonical order; one by one
/// where the rules consume a random stream in order.
pub fn deal_trials(
    mut commands: Commands,
    study: Res<Study>,
    budget: Res<Budget>,
    waiting: Query<(Entity, &Turn, &TrialOf), (With<Trial>, With<Waiting>)>,
    bitmaps: Query<&Bitmap>,
) -> Result {
    let mut trials: Vec<_> = waiting.iter().collect();
    trials.sort_by_key(|(_, turn, _)| **turn);
    let mut pixels = 0;
    for (dealt, (trial, _, mask)) in trials.into_iter().enumerate() {
        pixels += (CANDIDATES * bitmaps.get(mask.0)?.0.len()) as u64;
        if dealt > 0 && (study.is_sequential() || pixels > budget.candidate_pixels) {
            break;
        }
        commands.entity(trial).remove::<Waiting>().insert(Playing);
    }
    Ok(())
}
