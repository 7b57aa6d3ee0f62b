//! What a model answered. See [`Prediction`].

use bevy_ecs::prelude::*;
use ndarray::Array2;

use super::Predictions;
use crate::{
    metrics::{Judgement, Measured, Overlap},
    models::State,
    runs::Rle,
};

/// A model's candidate masks for one prompt. Score takes them once they are compared with the truth.
#[derive(Component, Clone, Debug)]
pub struct Prediction {
    /// The candidates, in the model's order; of several calls, united.
    pub candidates: Vec<Candidate>,
    /// What the next prompt's calls start from, one per call, if the model goes on from call to call.
    pub states: Vec<State>,
}

/// One candidate, over all calls of the prompt.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// `[height, width]` of the slice.
    pub bitmap: Array2<bool>,
    /// The IoU the model expects, if it expects any; the mean over the calls.
    pub predicted_iou: Option<f32>,
    /// What can be fed back, one per call.
    pub logits: Vec<Array2<f32>>,
}

/// The prediction's prompt.
#[derive(Component, Clone, Copy, Debug)]
#[relationship(relationship_target = Predictions)]
pub struct PredictionOf(pub Entity);

/// How good a prediction is.
#[derive(Component, Clone, Debug)]
pub struct Scores {
    /// The candidates against the truth, and what every rule makes of them.
    pub judgement: Judgement,
    /// Index of the candidate that counts under the protocol's choice.
    pub chosen: usize,
    /// The IoU the model expected of it, if any.
    pub predicted_iou: Option<f32>,
    /// What the scenario wants to know of it beyond pixel counts.
    pub measured: Measured,
}

impl Scores {
    /// Returns the pixel counts of the candidate that counts.
    pub fn overlap(&self) -> Overlap {
        self.judgement.overlaps[self.chosen]
    }
}

/// The candidate that counts, small enough to keep until Report.
#[derive(Component, Clone, Debug)]
pub struct ChosenMask(pub Rle);
