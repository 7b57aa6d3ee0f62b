//! `summary.csv`: means over trials. See [`SummaryRow`].

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize, Serializer};

use super::{
    Group, Manifest, Row, RunError,
    folder::replace_with,
    rows::{csv_lines, header},
};
use crate::{
    metrics::{Unit, Wanted},
    scenario::{Average, Metric},
};

/// One line of `summary.csv`: all trials of a dataset, object, model and strategy after as many
/// prompts.
///
/// What counts once is the scenario's choice ([`Average`]): as in the study, every slice that has the
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

/// What is averaged, in the order of [`SummaryRow`].
const VALUES: usize = 13;

/// The dataset and the object of lines over all datasets: no dataset can have this name.
const ALL: &str = "(all)";

/// Collects trials, one after the other; those of a case are next to each other.
#[derive(Debug, Default)]
pub(super) struct Summary {
    average: Average,
    cells: BTreeMap<(Group, u32), Cell>,
}

/// The trials of one group after as many prompts.
#[derive(Debug, Default)]
struct Cell {
    /// The IoU of each slice or case, whichever counts once.
    ious: Vec<f64>,
    /// Sums of [`values`] over these.
    sums: [f64; VALUES],
    /// The case whose trials come now, where cases count once.
    open: Option<OpenCase>,
    unit: Option<Unit>,
    trials: usize,
    carried: usize,
}

#[derive(Debug)]
struct OpenCase {
    case: String,
    trials: usize,
    sums: [f64; VALUES],
}

fn values(row: &Row) -> [f64; VALUES] {
    // What is not there is no number, and neither is a mean with it.
    let or_none = |value: Option<f64>| value.unwrap_or(f64::NAN);
    [
        row.iou,
        row.iou_first,
        row.iou_best,
        row.iou_oracle,
        row.iou_single,
        row.dice,
        row.precision,
        row.recall,
        or_none(row.predicted_iou.map(f64::from)),
        or_none(row.boundary_iou),
        or_none(row.hd95),
        or_none(row.assd),
        or_none(row.nsd),
    ]
}

impl Summary {
    /// Starts without trials.
    pub(super) fn new(average: Average) -> Self {
        Self {
            average,
            cells: BTreeMap::new(),
        }
    }

    /// Adds a trial's rows, which are in the order of prompts, up to the strategy's last prompt.
    pub(super) fn add(&mut self, group: Group, trial: &[Row], last_prompt: u32) {
        for row in trial {
            self.add_row(group, row, row.prompts);
        }
        let Some(last) = trial.last() else { return };
        for prompts in last.prompts + 1..=last_prompt {
            self.add_row(group, last, prompts).carried += 1;
        }
    }

    fn add_row(&mut self, group: Group, row: &Row, prompts: u32) -> &mut Cell {
        let cell = self.cells.entry((group, prompts)).or_default();
        cell.trials += 1;
        cell.unit = Unit::of_both(cell.unit, row.unit);
        match self.average {
            Average::Slice => cell.push(values(row)),
            Average::Case | Average::Dataset => cell.add_of_case(row),
        }
        cell
    }

    /// Returns the means, in the scenario's order; those over all datasets last.
    pub(super) fn rows(self, manifest: &Manifest) -> Vec<SummaryRow> {
        let mut overall: BTreeMap<(usize, usize, u32), Overall> = BTreeMap::new();
        let mut rows = Vec::new();
        for ((group, prompts), cell) in self.cells {
            let cell = cell.closed();
            let key = (group.model, group.strategy, prompts);
            overall.entry(key).or_default().add(group.dataset, &cell);
            let dataset = &manifest.datasets[group.dataset];
            let names = [dataset.name.as_str(), &dataset.objects[group.object]];
            rows.push(cell.row(names, (group.model, group.strategy), prompts, manifest));
        }
        if self.average == Average::Dataset {
            for ((model, strategy, prompts), datasets) in overall {
                let cell = datasets.into_cell();
                rows.push(cell.row([ALL, ALL], (model, strategy), prompts, manifest));
            }
        }
        rows
    }
}

/// One model and strategy on all datasets after as many prompts.
#[derive(Debug, Default)]
struct Overall {
    /// Per dataset, the means of its objects.
    datasets: BTreeMap<usize, Vec<[f64; VALUES]>>,
    unit: Option<Unit>,
    trials: usize,
    carried: usize,
}

impl Overall {
    fn add(&mut self, dataset: usize, object: &Cell) {
        let means = object.means();
        self.datasets.entry(dataset).or_default().push(means);
        self.unit = Unit::of_both(self.unit, object.unit);
        self.trials += object.trials;
        self.carried += object.carried;
    }

    /// Returns a cell in which every dataset counts once, and within it every object.
    fn into_cell(self) -> Cell {
        let mut cell = Cell {
            unit: self.unit,
            trials: self.trials,
            carried: self.carried,
            ..Cell::default()
        };
        for objects in self.datasets.into_values() {
            cell.push(std::array::from_fn(|value| {
                let sum: f64 = objects.iter().map(|means| means[value]).sum();
                sum / objects.len() as f64
            }));
        }
        cell
    }
}

impl Cell {
    /// Adds what counts once.
    fn push(&mut self, values: [f64; VALUES]) {
        self.ious.push(values[0]);
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += value;
        }
    }

    /// Adds a trial to its case.
    fn add_of_case(&mut self, row: &Row) {
        if self.open.as_ref().is_some_and(|open| open.case != row.case) {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| OpenCase {
            case: row.case.clone(),
            trials: 0,
            sums: [0.0; VALUES],
        });
        open.trials += 1;
        for (sum, value) in open.sums.iter_mut().zip(values(row)) {
            *sum += value;
        }
    }

    /// Counts the case whose trials came.
    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.push(open.sums.map(|sum| sum / open.trials as f64));
        }
    }

    fn closed(mut self) -> Self {
        self.close();
        self
    }

    fn means(&self) -> [f64; VALUES] {
        self.sums.map(|sum| sum / self.ious.len() as f64)
    }

    fn row(
        mut self,
        [dataset, object]: [&str; 2],
        (model, strategy): (usize, usize),
        prompts: u32,
        manifest: &Manifest,
    ) -> SummaryRow {
        let count = self.ious.len();
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
            boundary_iou,
            hd95,
            assd,
            nsd,
        ] = self.means();
        let wanted = manifest.measured;
        let is_mixed = self.unit == Some(Unit::Mixed);
        let of_one_unit = |mean: f64| if is_mixed { f64::NAN } else { mean };
        let squares: f64 = self.ious.iter().map(|value| (value - iou).powi(2)).sum();
        self.ious.sort_by(f64::total_cmp);
        SummaryRow {
            dataset: dataset.to_owned(),
            object: object.to_owned(),
            model: manifest.models[model].name.clone(),
            strategy: manifest.strategies[strategy].name.clone(),
            prompts,
            trials: self.trials,
            carried: self.carried,
            iou,
            iou_std: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()),
            iou_median: f64::midpoint(self.ious[(count - 1) / 2], self.ious[count / 2]),
            iou_first,
            iou_best,
            iou_oracle,
            iou_single,
            dice,
            precision,
            recall,
            predicted_iou: (!predicted_iou.is_nan()).then_some(predicted_iou),
            unit: self.unit,
            boundary_iou: wanted.boundary_iou.then_some(boundary_iou),
            hd95: wanted.hd95.then(|| of_one_unit(hd95)),
            assd: wanted.assd.then(|| of_one_unit(assd)),
            nsd: wanted.nsd.map(|_| of_one_unit(nsd)),
        }
    }
}

/// Writes `summary.csv` of a run that measures what is `wanted`.
pub fn write_summary(path: &Path, rows: &[SummaryRow], wanted: Wanted) -> Result<(), RunError> {
    let mut text = header(&SummaryRow::columns(wanted)).into_bytes();
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
    fn cases_or_datasets_count_once_where_asked() {
        let mut rows = Vec::new();
        for (case, slices, iou) in [("a", 3, 0.9), ("b", 1, 0.1)] {
            for slice in 0..slices {
                let row = row(case, "point", 1, iou);
                rows.push(Row { slice, ..row });
            }
        }
        // Of another object, and of another dataset.
        let more = row("c", "point", 1, 0.3);
        rows.push(Row {
            object: "heart".to_owned(),
            ..more.clone()
        });
        rows.push(Row {
            dataset: "brain".to_owned(),
            ..more
        });
        let summarise = |average| {
            let mut manifest = manifest(&[("point", 1)]);
            let mut other = manifest.datasets[0].clone();
            other.name = "brain".to_owned();
            manifest.datasets.push(other);
            let mut summary = Summary::new(average);
            for row in &rows {
                let group = Group::of(row, &manifest).expect("known names");
                summary.add(group, std::slice::from_ref(row), 1);
            }
            let rows = summary.rows(&manifest).into_iter();
            rows.map(|row| (row.dataset, row.trials, row.iou))
                .collect::<Vec<_>>()
        };
        let by_slice = summarise(Average::Slice);
        assert!(
            close(by_slice[0].2, 0.7) && by_slice.len() == 3,
            "{by_slice:?}"
        );
        let by_case = summarise(Average::Case);
        assert!(close(by_case[0].2, 0.5) && by_case[0].1 == 4, "{by_case:?}");
        let by_dataset = summarise(Average::Dataset);
        assert_eq!(by_dataset[..3], by_case);
        let (name, trials, mean) = &by_dataset[3];
        assert_eq!((name.as_str(), *trials), ("(all)", 6));
        // Chest: lungs 0.5 and heart 0.3; brain: 0.3.
        assert!(close(*mean, f64::midpoint(0.4, 0.3)), "{mean}");
    }

    #[test]
    fn distances_in_different_units_have_no_mean() {
        let measured = |case: &str, unit, hd95| Row {
            unit: Some(unit),
            boundary_iou: Some(0.5),
            hd95: Some(hd95),
            ..row(case, "point", 1, 0.5)
        };
        let wanted = Wanted {
            boundary_iou: true,
            hd95: true,
            ..Wanted::default()
        };
        let summarise = |rows: &[Row]| {
            let mut manifest = manifest(&[("point", 1)]);
            manifest.measured = wanted;
            let mut summary = Summary::default();
            for row in rows {
                let group = Group::of(row, &manifest).expect("known names");
                summary.add(group, std::slice::from_ref(row), 1);
            }
            summary.rows(&manifest)
        };
        let one = measured("a", Unit::Millimetres, 2.0);
        let same = summarise(&[one.clone(), measured("b", Unit::Millimetres, 4.0)]);
        assert_eq!(same[0].unit, Some(Unit::Millimetres));
        assert!(close(same[0].hd95.expect("it was asked for"), 3.0));
        assert_eq!((same[0].assd, same[0].nsd), (None, None));
        let mixed = summarise(&[one, measured("b", Unit::Pixels, 4.0)]);
        assert_eq!(mixed[0].unit, Some(Unit::Mixed));
        assert!(mixed[0].hd95.is_some_and(f64::is_nan));
        assert!(close(mixed[0].boundary_iou.expect("it has no unit"), 0.5));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("summary.csv");
        write_summary(&path, &mixed, wanted).expect("writable");
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(
            text.lines()
                .next()
                .is_some_and(|l| l.ends_with(",unit,boundary_iou,hd95")),
            "{text}"
        );
        assert!(text.ends_with(",mixed,0.5,\n"), "{text}");
    }

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
