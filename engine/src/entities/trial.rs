//! One model playing one strategy on one mask. See [`Trial`].

use bevy_ecs::prelude::*;
use ndarray::Array2;

use super::{Click, PixelBox, PromptOf, Trials};
use crate::{models::State, runs::RecordedPrompt};

/// Which model plays which strategy, for which time.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Index into the run's models.
    pub model: usize,
    /// Index into the scenario's strategies.
    pub strategy: usize,
    /// From 0.
    pub repeat: u32,
}

/// The prompts of a trial that replays those of another run.
#[derive(Component, Clone, Debug)]
pub struct Script(pub Vec<RecordedPrompt>);

/// Position in the canonical order: case, slice, object, model, strategy, repeat.
/// Whatever is collected from trials is sorted by it.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn(pub u64);

/// Marks a trial that has not begun.
#[derive(Component, Clone, Copy, Debug)]
pub struct Waiting;

/// Marks a trial that plays in the current round.
#[derive(Component, Clone, Copy, Debug)]
pub struct Playing;

/// What was shown to the model so far.
#[derive(Component, Clone, Debug, Default)]
pub struct History {
    /// Prompts so far.
    pub rounds: u32,
    /// All clicks, oldest first.
    pub clicks: Vec<Click>,
    /// All boxes, oldest first.
    pub boxes: Vec<PixelBox>,
}

/// What the last prediction left for the next prompt.
#[derive(Component, Clone, Debug, Default)]
pub struct Memory {
    /// The chosen candidate, `[height, width]`; `None` before the first prediction.
    pub bitmap: Option<Array2<bool>>,
    /// The chosen candidate's low-resolution logits, one per call.
    pub logits: Vec<Array2<f32>>,
    /// The model's own state, one per call; empty before the first prediction of each object.
    pub states: Vec<State>,
}

/// The trial's mask.
#[derive(Component, Clone, Copy, Debug)]
#[relationship(relationship_target = Trials)]
pub struct TrialOf(pub Entity);

/// The prompts of a trial.
#[derive(Component, Debug)]
#[relationship_target(relationship = PromptOf, linked_spawn)]
pub struct Prompts(Vec<Entity>);
