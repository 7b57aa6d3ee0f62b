//! What is shown to a model. Coordinates are pixels of the slice: x is the column, y the row.

use bevy_ecs::prelude::*;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::{PredictionOf, Prompts};
use crate::{metrics::bounds, models::Embedding};

/// One interaction of a trial: what was added, and what the model is therefore given.
#[derive(Component, Clone, Debug)]
pub struct Prompt {
    /// Counts the trial's prompts, from 1.
    pub round: u32,
    /// The clicks added by this prompt.
    pub clicks: Vec<Click>,
    /// The boxes added by this prompt.
    pub boxes: Vec<PixelBox>,
    /// Among how many equally good pixels the last click was drawn; 0 without a click.
    pub ties: usize,
    /// What the model is given, in one or several calls.
    pub calls: Vec<Call>,
}

/// What a model whose encoding depends on the prompts computed for each call, until Decode.
#[derive(Component, Clone)]
pub struct CallEmbeddings(pub Vec<Embedding>);

/// How much there is in a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Clicks.
    pub clicks: usize,
    /// Boxes.
    pub boxes: usize,
}

impl Prompt {
    /// Returns how much this prompt added.
    pub fn added(&self) -> Shown {
        Shown {
            clicks: self.clicks.len(),
            boxes: self.boxes.len(),
        }
    }

    /// Returns how much the model is given, of old prompts too; clicks that several calls share count once.
    pub fn shown(&self) -> Shown {
        Shown {
            clicks: self
                .calls
                .iter()
                .map(|call| call.clicks.len())
                .max()
                .unwrap_or(0),
            boxes: self
                .calls
                .iter()
                .filter(|call| call.bounds.is_some())
                .count(),
        }
    }
}

/// A click on one pixel of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    /// Column, from 0 at the left.
    pub x: u32,
    /// Row, from 0 at the top.
    pub y: u32,
    /// True for «this is the object», false for «this is not».
    pub positive: bool,
}

/// A box on a slice; all four are inclusive pixel indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelBox {
    /// Leftmost column.
    pub x0: u32,
    /// Topmost row.
    pub y0: u32,
    /// Rightmost column.
    pub x1: u32,
    /// Bottommost row.
    pub y1: u32,
}

impl PixelBox {
    /// Returns the smallest box that holds every pixel of `bitmap`, `[height, width]`; `None` if it is
    /// empty.
    pub fn around(bitmap: ArrayView2<'_, bool>) -> Option<Self> {
        let (rows, columns) = bounds(bitmap)?;
        Some(Self {
            x0: columns.start as u32,
            y0: rows.start as u32,
            x1: columns.end as u32 - 1,
            y1: rows.end as u32 - 1,
        })
    }
}

/// What a model is given in one call. A prompt of several boxes is several calls whose masks are united.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The clicks, oldest first.
    pub clicks: Vec<Click>,
    /// At most one box.
    pub bounds: Option<PixelBox>,
}

/// The prompt's trial.
#[derive(Component, Clone, Copy, Debug)]
#[relationship(relationship_target = Prompts)]
pub struct PromptOf(pub Entity);

/// The prediction made from a prompt.
#[derive(Component, Debug)]
#[relationship_target(relationship = PredictionOf, linked_spawn)]
pub struct Predictions(Vec<Entity>);
