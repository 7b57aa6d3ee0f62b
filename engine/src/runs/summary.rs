//! `summary.csv`: means over trials. See [`SummaryRow`].

use std::path::Path;

use serde::{Deserialize, Serialize, Serializer};

use super::{
    Row, RunError,
    folder::replace_with,
    rows::{csv_lines, header},
};
use crate::{
    metrics::{Unit, Wanted},
    scenario::Metric,
};

/// One line of `summary.csv`: all trials of a dataset, object, model and strategy after as many
/// prompts.
///
/// What counts once is the scenario's choice ([`Average`](crate::scenario::Average)): as in the study, every slice that has the
/// object (and every repeat), whatever case it is of; or every case. By dataset there are lines of the
/// dataset and object `(all)` beside. A trial that stopped early keeps its last values for the prompts it did without, so that
/// all points of a curve are means over the same trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SummaryRow {
    /// The dataset's name.
    pub dataset: String,
    /// The object's name.
    pub object: String,
    /// The model's name.
    pub model: String,
    /// The strategy's name.
    pub strategy: String,
    /// Prompts given, from 1.
    pub prompts: u32,
    /// How many trials the means are of.
    pub trials: usize,
    /// How many of these had stopped before.
    pub carried: usize,
    /// Mean IoU of the candidate that counts.
    pub iou: f64,
    /// Sample standard deviation of the IoU (n − 1) over what counts once; empty for one.
    pub iou_std: Option<f64>,
    /// Median IoU.
    pub iou_median: f64,
    /// Mean IoU of the first multi-mask candidate.
    pub iou_first: f64,
    /// Mean IoU of the candidate of highest predicted IoU.
    pub iou_best: f64,
    /// Mean IoU of the candidate of highest IoU.
    pub iou_oracle: f64,
    /// Mean IoU of the single-mask candidate.
    pub iou_single: f64,
    /// Mean Dice.
    pub dice: f64,
    /// Mean precision.
    pub precision: f64,
    /// Mean recall.
    pub recall: f64,
    /// Mean of the IoU the model expected; empty if it expects none.
    pub predicted_iou: Option<f64>,
    /// What the distances that follow are in. Where it is [`Unit::Mixed`] they have no mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Mean boundary IoU, where the scenario asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary_iou: Option<f64>,
    /// Mean 95th percentile of the Hausdorff distance, where the scenario asks for it; NaN (in the
    /// file: empty) if units are mixed.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "number_or_empty"
    )]
    pub hd95: Option<f64>,
    /// The same of the average symmetric surface distance.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "number_or_empty"
    )]
    pub assd: Option<f64>,
    /// The same of the normalised surface distance.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "number_or_empty"
    )]
    pub nsd: Option<f64>,
}

#[expect(clippy::ref_option, reason = "serde gives fields by reference")]
fn number_or_empty<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.filter(|value| !value.is_nan()).serialize(serializer)
}

impl SummaryRow {
    /// Returns the mean of a metric, of the candidate that counts; NaN if there is none.
    pub fn mean(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Iou => self.iou,
            Metric::Dice => self.dice,
            Metric::Precision => self.precision,
            Metric::Recall => self.recall,
            Metric::BoundaryIou => self.boundary_iou.unwrap_or(f64::NAN),
            Metric::Hd95 => self.hd95.unwrap_or(f64::NAN),
            Metric::Assd => self.assd.unwrap_or(f64::NAN),
            Metric::Nsd { .. } => self.nsd.unwrap_or(f64::NAN),
        }
    }

    /// Returns the columns of `summary.csv` of a run that measures what is `wanted`, in order.
    pub fn columns(wanted: Wanted) -> Vec<&'static str> {
        let more = Row::columns(wanted).split_off(Row::COLUMNS.len());
        Self::COLUMNS.into_iter().chain(more).collect()
    }

    /// The columns that `summary.csv` always has, in order.
    pub const COLUMNS: [&str; 18] = [
        "dataset",
        "object",
        "model",
        "strategy",
        "prompts",
        "trials",
        "carried",
        "iou",
        "iou_std",
        "iou_median",
        "iou_first",
        "iou_best",
        "iou_oracle",
        "iou_single",
        "dice",
        "precision",
        "recall",
        "predicted_iou",
    ];
}

/// Writes `summary.csv` of a run that measures what is `wanted`.
pub fn write_summary(path: &Path, rows: &[SummaryRow], wanted: Wanted) -> Result<(), RunError> {
    let mut text = header(&SummaryRow::columns(wanted)).into_bytes();
    text.extend(csv_lines(rows, path)?);
    replace_with(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{means::tests::summarise, rows::tests::row};

    #[test]
    fn the_header_is_the_fields() {
        let rows = summarise(&[row("a", "point", 1, 0.5)], &[("point", 1)]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("summary.csv");
        write_summary(&path, &rows, Wanted::default()).expect("writable");
        let mut reader = csv::Reader::from_path(&path).expect("readable");
        assert_eq!(
            reader.headers().expect("a header"),
            &SummaryRow::COLUMNS[..]
        );
        let back: Vec<SummaryRow> = reader
            .deserialize()
            .collect::<Result<_, _>>()
            .expect("what was written");
        assert_eq!(back, rows);
    }
}
