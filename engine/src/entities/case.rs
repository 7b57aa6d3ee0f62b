//! One image, volume or phantom of a dataset. See [`Case`].

use std::path::PathBuf;

use bevy_ecs::prelude::*;

use super::Slices;

/// A case whose slices are being played. Despawning it frees everything below it.
#[derive(Component, Clone, Debug)]
pub struct Case {
    /// Index into the run's datasets.
    pub dataset: usize,
    /// Identifies the case within its dataset, whatever the machine.
    pub id: String,
    /// The file to name in messages.
    pub path: PathBuf,
}

/// Marks a case of which no further slice will come.
#[derive(Component, Clone, Copy, Debug)]
pub struct Complete;

/// Why a case could not be played to its end.
#[derive(Component, Clone, Debug)]
pub struct Failed(pub String);

/// The slice's case.
#[derive(Component, Clone, Copy, Debug)]
#[relationship(relationship_target = Slices)]
pub struct SliceOf(pub Entity);
