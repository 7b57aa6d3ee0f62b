//! What is measured. See [`Metric`].

use serde::Deserialize;

/// How good a prediction is, as a ratio of pixel counts. `rows.csv` holds all of them, whichever
/// a scenario summarises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Intersection over union (Jaccard index), the study's.
    Iou,
    /// Dice coefficient (F1 score).
    Dice,
    /// The part of the prediction that is right.
    Precision,
    /// The part of the object that is found (sensitivity).
    Recall,
}

impl Metric {
    /// Returns its name in scenarios and columns.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iou => "iou",
            Self::Dice => "dice",
            Self::Precision => "precision",
            Self::Recall => "recall",
        }
    }
}
