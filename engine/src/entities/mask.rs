//! One object's truth in one slice: a binary task. See [`Mask`].

use bevy_ecs::prelude::*;
use ndarray::Array2;

use super::{Masks, TrialOf};

/// The truth of one object in one slice.
#[derive(Component, Clone, Copy, Debug)]
pub struct Mask {
    /// Index into the dataset's objects.
    pub object: usize,
    /// How far it can be told from its surroundings by brightness
    /// ([`contrast`](crate::metrics::contrast)); `None` if it has no surroundings.
    pub contrast: Option<f64>,
}

/// Where the object is: `[height, width]`, never empty.
#[derive(Component, Clone, Debug)]
pub struct Bitmap(pub Array2<bool>);

/// The mask's slice.
#[derive(Component, Clone, Copy, Debug)]
#[relationship(relationship_target = Masks)]
pub struct MaskOf(pub Entity);

/// The trials on a mask.
#[derive(Component, Debug)]
#[relationship_target(relationship = TrialOf, linked_spawn)]
pub struct Trials(Vec<Entity>);
