//! What is measured. See [`Metric`].

use serde::Deserialize;

/// How good a prediction is, as a ratio of pixel counts. `rows.csv` holds all of them, whichever
/// a scenario asks to see.
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
    /// Returns its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Iou => "IoU",
            Self::Dice => "Dice",
            Self::Precision => "precision",
            Self::Recall => "recall",
        }
    }
}
