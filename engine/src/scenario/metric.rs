//! What is measured. See [`Metric`].

use serde::Deserialize;

use crate::{datasets::Positive, metrics::Wanted};

/// How good a prediction is. `rows.csv` holds the first four, whichever a scenario asks to see; the
/// others cost time, and are measured (of the candidate that counts) where it asks for them.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Metric {
    /// Intersection over union (Jaccard index), the study's.
    Iou,
    /// Dice coefficient (F1 score).
    Dice,
    /// The part of the prediction that is right.
    Precision,
    /// The part of the object that is found (sensitivity).
    Recall,
    /// IoU of the rims ([`boundary_iou`](crate::metrics::boundary_iou)).
    BoundaryIou,
    /// 95th percentile of the Hausdorff distance
    /// ([`Distances::hd95`](crate::metrics::Distances::hd95)).
    Hd95,
    /// Average symmetric surface distance ([`Distances::assd`](crate::metrics::Distances::assd)).
    Assd,
    /// Normalised surface distance ([`Distances::nsd`](crate::metrics::Distances::nsd)).
    Nsd {
        /// How far outlines may be apart: millimetres where the slice's spacing is known, else pixels.
        tolerance: Positive,
    },
}

impl Metric {
    /// Returns its name for people.
    pub fn title(self) -> String {
        match self {
            Self::Iou => "IoU".to_owned(),
            Self::Dice => "Dice".to_owned(),
            Self::Precision => "precision".to_owned(),
            Self::Recall => "recall".to_owned(),
            Self::BoundaryIou => "boundary IoU".to_owned(),
            Self::Hd95 => "HD95".to_owned(),
            Self::Assd => "ASSD".to_owned(),
            Self::Nsd { tolerance } => format!("NSD at {}", tolerance.get()),
        }
    }

    /// Returns what is to be measured so that all of `metrics` are known.
    pub fn wanted(metrics: &[Self]) -> Wanted {
        let mut wanted = Wanted::default();
        for metric in metrics {
            match *metric {
                Self::Iou | Self::Dice | Self::Precision | Self::Recall => {}
                Self::BoundaryIou => wanted.boundary_iou = true,
                Self::Hd95 => wanted.hd95 = true,
                Self::Assd => wanted.assd = true,
                Self::Nsd { tolerance } => wanted.nsd = Some(tolerance.get()),
            }
        }
        wanted
    }
}
