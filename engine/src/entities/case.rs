//! One image, volume or phantom of a dataset. See [`Case`].

use std::{path::PathBuf, time::Duration};

use bevy_ecs::prelude::*;

use super::Slices;

/// A case whose slices are being played. Despawning it frees everything below it.
#[derive(Component, Clone, Debug)]
#[require(Spent)]
pub struct Case {
    /// Index into the run's datasets.
    pub dataset: usize,
    /// Identifies the case within its dataset, whatever the machine.
    pub id: String,
    /// The file to name in messages.
    pub path: PathBuf,
}

/// How long models have worked on a case.
#[derive(Component, Clone, Copy, Debug, Default)]
pub struct Spent(pub Duration);

/// Marks a case of which no further slice will come.
#[derive(Component, Clone, Copy, Debug)]
pub struct Complete;

/// What of a case could not be played. A case without it was played whole.
#[derive(Component, Clone, Debug, Default)]
pub struct Failed(pub Vec<Fault>);

/// Something that kept a case, or one model on one of its slices, from being played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// [`super::Slice::index`]; `None` for the case itself.
    pub slice: Option<usize>,
    /// Index into the run's models; `None` for all of them.
    pub model: Option<usize>,
    /// What was wrong, and the way out.
    pub reason: String,
}

/// The slice's case.
#[derive(Component, Clone, Copy, Debug)]
#[relationship(relationship_target = Slices)]
pub struct SliceOf(pub Entity);
