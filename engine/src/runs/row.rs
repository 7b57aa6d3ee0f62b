//! One line of `rows.csv`. See [`Row`].

use serde::{Deserialize, Serialize};

use crate::{metrics::Unit, scenario::Choice};

/// One prediction: which trial, what was shown, how good the answer was.
///
/// The fields are the columns, in this order; the last five are there where the scenario asks for
/// them ([`Row::columns`]). Coordinates are pixels of the slice, x the column and
/// y the row, from 0. Ratios are in `[0, 1]`; areas are pixels of the slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The dataset's name.
    pub dataset: String,
    /// The case within its dataset.
    pub case: String,
    /// Index along the slicing axis; 0 for a plain image.
    pub slice: usize,
    /// The object's name.
    pub object: String,
    /// The model's name in the catalogue.
    pub model: String,
    /// The strategy's name.
    pub strategy: String,
    /// The rules of play, as a preset and what differs from it.
    pub protocol: String,
    /// Which playing of the same trial, from 0.
    pub repeat: u32,
    /// How many prompts the model was given one after the other, this one included; from 1.
    pub prompts: u32,
    /// Column of the newest click; empty where the newest prompt has none.
    pub x: Option<u32>,
    /// Row of the newest click.
    pub y: Option<u32>,
    /// Sign of the newest click: 1 for the object, 0 for the background.
    pub label: Option<u8>,
    /// How many pixels were equally good for the newest click.
    pub ties: Option<usize>,
    /// How many clicks the model was given at this prompt, old ones included.
    pub clicks: usize,
    /// How many boxes the model was given at this prompt, old ones included.
    pub boxes: usize,
    /// Index of the candidate that counts under the protocol's choice.
    pub chosen: usize,
    /// IoU of the candidate that counts.
    pub iou: f64,
    /// IoU under [`Choice::First`].
    pub iou_first: f64,
    /// IoU under [`Choice::BestScore`].
    pub iou_best: f64,
    /// IoU under [`Choice::Oracle`].
    pub iou_oracle: f64,
    /// IoU under [`Choice::Single`].
    pub iou_single: f64,
    /// Dice of the candidate that counts.
    pub dice: f64,
    /// Precision of the candidate that counts.
    pub precision: f64,
    /// Recall of the candidate that counts.
    pub recall: f64,
    /// The IoU the model expected of the candidate that counts; empty if it expects none.
    pub predicted_iou: Option<f32>,
    /// Pixels of the object.
    pub area_truth: u64,
    /// Pixels of the candidate that counts.
    pub area_predicted: u64,
    /// How many 8-connected regions the object has; not known of old runs.
    #[serde(default)]
    pub regions: Option<usize>,
    /// How far the object can be told from its surroundings by brightness
    /// ([`contrast`](crate::metrics::contrast)); empty if it fills its slice.
    #[serde(default)]
    pub contrast: Option<f64>,
    /// What the distances that follow, and the tolerance of `nsd`, are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Boundary IoU of the candidate that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary_iou: Option<f64>,
    /// 95th percentile of the Hausdorff distance of the candidate that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hd95: Option<f64>,
    /// Average symmetric surface distance of the candidate that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assd: Option<f64>,
    /// Normalised surface distance of the candidate that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nsd: Option<f64>,
}

/// Names a trial: one model playing one strategy on one object of one slice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrialId {
    /// The dataset's name.
    pub dataset: String,
    /// The case within its dataset.
    pub case: String,
    /// Index along the slicing axis.
    pub slice: usize,
    /// The object's name.
    pub object: String,
    /// The model's name.
    pub model: String,
    /// The strategy's name.
    pub strategy: String,
    /// Which playing, from 0.
    pub repeat: u32,
}

impl Row {
    /// Returns the trial this prediction belongs to.
    pub fn trial(&self) -> TrialId {
        TrialId {
            dataset: self.dataset.clone(),
            case: self.case.clone(),
            slice: self.slice,
            object: self.object.clone(),
            model: self.model.clone(),
            strategy: self.strategy.clone(),
            repeat: self.repeat,
        }
    }

    /// Returns true if the prediction is of this trial.
    pub fn is_of(&self, trial: &TrialId) -> bool {
        self.slice == trial.slice
            && self.repeat == trial.repeat
            && self.case == trial.case
            && self.object == trial.object
            && self.strategy == trial.strategy
            && self.model == trial.model
            && self.dataset == trial.dataset
    }

    /// Returns true if the other prediction is of the same trial.
    pub fn same_trial(&self, other: &Self) -> bool {
        self.slice == other.slice
            && self.repeat == other.repeat
            && self.case == other.case
            && self.object == other.object
            && self.strategy == other.strategy
            && self.model == other.model
            && self.dataset == other.dataset
    }

    /// Returns the IoU under `choice`.
    pub fn iou_under(&self, choice: Choice) -> f64 {
        match choice {
            Choice::First => self.iou_first,
            Choice::BestScore => self.iou_best,
            Choice::Oracle => self.iou_oracle,
            Choice::Single => self.iou_single,
        }
    }
}
