//! One image to segment, with what models computed from it. See [`Slice`].

use std::sync::Arc;

use bevy_ecs::prelude::*;
use ndarray::{Array2, Array3};

use super::{MaskOf, SliceOf};
use crate::{datasets::ObjectMask, models::Embedding};

/// A slice of a case.
#[derive(Component, Clone, Copy, Debug)]
pub struct Slice {
    /// Index along the slicing axis; 0 for a plain image.
    pub index: usize,
    /// Position among all slices of the run, in canonical order.
    pub order: u64,
    /// Distance between rows and between columns in millimetres, where known.
    pub spacing_mm: Option<[f64; 2]>,
}

/// What the model sees: RGB, `[height, width, 3]`.
#[derive(Component, Clone, Debug)]
pub struct Pixels(pub Arc<Array3<u8>>);

/// Where any object is, also one that is no task: `[height, width]`.
#[derive(Component, Clone, Debug)]
pub struct Foreground(pub Arc<Array2<bool>>);

/// The truth as read; Derive turns it into masks.
#[derive(Component, Clone, Debug)]
pub struct Truth(pub Vec<ObjectMask>);

/// What each of the run's models computed from the pixels, by model index.
#[derive(Component, Clone, Default)]
pub struct Embeddings(pub Vec<Option<Embedding>>);

/// The slices of a case.
#[derive(Component, Debug)]
#[relationship_target(relationship = SliceOf, linked_spawn)]
pub struct Slices(Vec<Entity>);

/// The masks of a slice.
#[derive(Component, Debug)]
#[relationship_target(relationship = MaskOf, linked_spawn)]
pub struct Masks(Vec<Entity>);
