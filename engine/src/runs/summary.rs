//! `summary.csv`: means over trials. See [`SummaryRow`].

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    Group, Manifest, Row, RunError,
    folder::replace_with,
    rows::{csv_lines, header},
};
use crate::scenario::Metric;

/// One line of `summary.csv`: all trials of a dataset, object, model and strategy after as many
/// prompts.
///
/// As in the study, every slice that has the object counts once (and once per repeat), whatever case
/// it is of. A trial that stopped early keeps its last values for the prompts it did without, so that
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
    /// Sample standard deviation of the IoU (n − 1); empty for one trial.
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
}

impl SummaryRow {
    /// Returns the mean of a metric, of the candidate that counts.
    pub fn mean(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Iou => self.iou,
            Metric::Dice => self.dice,
            Metric::Precision => self.precision,
            Metric::Recall => self.recall,
        }
    }

    /// The columns of `summary.csv`, in order.
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

/// Collects trials, one after the other.
#[derive(Debug, Default)]
pub(super) struct Summary {
    cells: BTreeMap<(Group, u32), Cell>,
}

/// The trials of one group after as many prompts.
#[derive(Debug, Default)]
struct Cell {
    ious: Vec<f64>,
    /// Sums of [`means`].
    sums: [f64; 9],
    carried: usize,
}

/// What is averaged, in the order of [`SummaryRow`].
fn means(row: &Row) -> [f64; 9] {
    [
        row.iou,
        row.iou_first,
        row.iou_best,
        row.iou_oracle,
        row.iou_single,
        row.dice,
        row.precision,
        row.recall,
        // What is not expected is no number, and neither is a mean with it.
        row.predicted_iou.map_or(f64::NAN, f64::from),
    ]
}

impl Summary {
    /// Adds a trial's rows, which are in the order of prompts, up to the strategy's last prompt.
    pub(super) fn add(&mut self, group: Group, trial: &[Row], last_prompt: u32) {
        for row in trial {
            self.cell(group, row.prompts).add(row);
        }
        let Some(last) = trial.last() else { return };
        for prompts in last.prompts + 1..=last_prompt {
            let cell = self.cell(group, prompts);
            cell.add(last);
            cell.carried += 1;
        }
    }

    fn cell(&mut self, group: Group, prompts: u32) -> &mut Cell {
        self.cells.entry((group, prompts)).or_default()
    }

    /// Returns the means, in the scenario's order.
    pub(super) fn rows(self, manifest: &Manifest) -> Vec<SummaryRow> {
        let row = |((group, prompts), cell): ((Group, u32), Cell)| {
            let dataset = &manifest.datasets[group.dataset];
            let names = [
                &dataset.name,
                &dataset.objects[group.object],
                &manifest.models[group.model].name,
                &manifest.strategies[group.strategy].name,
            ];
            cell.row(names, prompts)
        };
        self.cells.into_iter().map(row).collect()
    }
}

impl Cell {
    fn add(&mut self, row: &Row) {
        self.ious.push(row.iou);
        for (sum, value) in self.sums.iter_mut().zip(means(row)) {
            *sum += value;
        }
    }

    fn row(mut self, names: [&String; 4], prompts: u32) -> SummaryRow {
        let trials = self.ious.len();
        let [
            iou,
            iou_first,
            iou_best,
            iou_oracle,
            iou_single,
            dice,
            precision,
            recall,
            predicted_iou,
        ] = self.sums.map(|sum| sum / trials as f64);
        let squares: f64 = self.ious.iter().map(|value| (value - iou).powi(2)).sum();
        self.ious.sort_by(f64::total_cmp);
        let [dataset, object, model, strategy] = names.map(Clone::clone);
        SummaryRow {
            dataset,
            object,
            model,
            strategy,
            prompts,
            trials,
            carried: self.carried,
            iou,
            iou_std: (trials > 1).then(|| (squares / (trials - 1) as f64).sqrt()),
            iou_median: f64::midpoint(self.ious[(trials - 1) / 2], self.ious[trials / 2]),
            iou_first,
            iou_best,
            iou_oracle,
            iou_single,
            dice,
            precision,
            recall,
            predicted_iou: (!predicted_iou.is_nan()).then_some(predicted_iou),
        }
    }
}

/// Writes `summary.csv`.
pub fn write_summary(path: &Path, rows: &[SummaryRow]) -> Result<(), RunError> {
    let mut text = header(&SummaryRow::COLUMNS).into_bytes();
    text.extend(csv_lines(rows, path)?);
    replace_with(path, &text)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::runs::{group::trials, manifest::tests::manifest, rows::tests::row};

    /// Summarises rows of strategies of the given lengths.
    pub(in crate::runs) fn summarise(rows: &[Row], strategies: &[(&str, u32)]) -> Vec<SummaryRow> {
        let manifest = manifest(strategies);
        let mut summary = Summary::default();
        for trial in trials(rows.iter().cloned().map(Ok)) {
            let trial = trial.expect("all are rows");
            let group = Group::of(&trial[0], &manifest).expect("known names");
            summary.add(group, &trial, strategies[group.strategy].1);
        }
        summary.rows(&manifest)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn means_are_over_trials_in_the_scenarios_order() {
        let rows = [
            row("a", "box", 1, 0.9),
            row("a", "point", 1, 0.2),
            row("a", "point", 2, 0.4),
            row("b", "point", 1, 0.4),
            row("b", "point", 2, 0.8),
        ];
        let summary = summarise(&rows, &[("point", 2), ("box", 1)]);
        let keys: Vec<_> = summary
            .iter()
            .map(|row| (row.strategy.as_str(), row.prompts, row.trials))
            .collect();
        assert_eq!(keys, [("point", 1, 2), ("point", 2, 2), ("box", 1, 1)]);
        let last = &summary[1];
        assert!(close(last.iou, 0.6) && close(last.iou_median, 0.6));
        assert!(close(last.iou_std.expect("two trials"), 0.08f64.sqrt()));
        assert!(close(last.iou_best, 0.3) && close(last.iou_single, 0.2));
        assert_eq!(summary[2].iou_std, None);
    }

    #[test]
    fn trials_that_stopped_keep_their_last_value() {
        let rows = [
            row("a", "point", 1, 0.5),
            row("a", "point", 2, 0.9),
            row("b", "point", 1, 0.1),
            row("b", "point", 2, 0.2),
            row("b", "point", 3, 0.3),
        ];
        let summary = summarise(&rows, &[("point", 4)]);
        let curve: Vec<_> = summary
            .iter()
            .map(|row| (row.trials, row.carried, (row.iou * 1e6).round() / 1e6))
            .collect();
        assert_eq!(curve, [(2, 0, 0.3), (2, 0, 0.55), (2, 1, 0.6), (2, 2, 0.6)]);
    }

    #[test]
    fn the_header_is_the_fields() {
        let rows = summarise(&[row("a", "point", 1, 0.5)], &[("point", 1)]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("summary.csv");
        write_summary(&path, &rows).expect("writable");
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
