//! Means over trials. See [`Summary`].

use std::{collections::BTreeMap, path::Path};

use super::{
    Group, Manifest, Row, RunError, SummaryRow,
    sorter::{Ranked, Sorted, Sorter},
};
use crate::{metrics::Unit, scenario::Average};

/// What is averaged, in the order of [`SummaryRow`].
const VALUES: usize = 13;

/// The dataset and the object of lines over all datasets: no dataset can have this name.
const ALL: &str = "(all)";

/// How many IoUs are held while they are sorted: less than a tenth of a megabyte.
const HELD: usize = 1 << 12;

/// Collects trials, one after the other; those of a case are next to each other.
#[derive(Debug)]
pub(super) struct Summary {
    average: Average,
    cells: BTreeMap<(Group, u32), Cell>,
    ious: Ious,
}

/// The IoU of each slice or case, whichever counts once, with its cell's number.
type Ious = Sorter<(usize, Ranked)>;

/// The trials of one group after as many prompts.
#[derive(Debug, Default)]
struct Cell {
    /// Tells its IoUs from those of the others.
    number: usize,
    /// How many slices or cases there are, whichever counts once.
    count: usize,
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
    /// Starts without trials; the IoUs of many are sorted in a file in `folder`.
    pub(super) fn new(average: Average, folder: &Path) -> Self {
        Self {
            average,
            cells: BTreeMap::new(),
            ious: Sorter::new(folder, HELD),
        }
    }

    /// Adds a trial's rows, which are in the order of prompts, up to the strategy's last prompt.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn add(
        &mut self,
        group: Group,
        trial: &[Row],
        last_prompt: u32,
    ) -> Result<(), RunError> {
        for row in trial {
            self.add_row(group, row, row.prompts)?;
        }
        let Some(last) = trial.last() else {
            return Ok(());
        };
        for prompts in last.prompts + 1..=last_prompt {
            self.add_row(group, last, prompts)?.carried += 1;
        }
        Ok(())
    }

    fn add_row(&mut self, group: Group, row: &Row, prompts: u32) -> Result<&mut Cell, RunError> {
        let number = self.cells.len();
        let cell = self.cells.entry((group, prompts)).or_insert_with(|| Cell {
            number,
            ..Cell::default()
        });
        cell.trials += 1;
        cell.unit = Unit::of_both(cell.unit, row.unit);
        match self.average {
            Average::Slice => cell.push(values(row), &mut self.ious)?,
            Average::Case | Average::Dataset => cell.add_of_case(row, &mut self.ious)?,
        }
        Ok(cell)
    }

    /// Returns the means, in the scenario's order; those over all datasets last.
    ///
    /// # Errors
    /// The file cannot be written or read.
    pub(super) fn rows(mut self, manifest: &Manifest) -> Result<Vec<SummaryRow>, RunError> {
        for cell in self.cells.values_mut() {
            cell.close(&mut self.ious)?;
        }
        let mut overall: BTreeMap<(usize, usize, u32), Overall> = BTreeMap::new();
        for (&(group, prompts), cell) in &self.cells {
            let key = (group.model, group.strategy, prompts);
            overall.entry(key).or_default().add(group.dataset, cell);
        }
        let mut means = Vec::new();
        if self.average == Average::Dataset {
            for ((model, strategy, prompts), datasets) in overall {
                let number = self.cells.len() + means.len();
                let cell = datasets.into_cell(number, &mut self.ious)?;
                means.push(((model, strategy), prompts, cell));
            }
        }
        let cells = self
            .cells
            .values()
            .chain(means.iter().map(|of_all| &of_all.2));
        let spreads = spreads(cells, &self.ious.finish()?)?;

        let rows = self.cells.iter().map(|(&(group, prompts), cell)| {
            let dataset = &manifest.datasets[group.dataset];
            let names = [dataset.name.as_str(), &dataset.objects[group.object]];
            let played = (group.model, group.strategy);
            cell.row(names, played, prompts, spreads[&cell.number], manifest)
        });
        let of_all = means.iter().map(|&(played, prompts, ref cell)| {
            cell.row([ALL, ALL], played, prompts, spreads[&cell.number], manifest)
        });
        Ok(rows.chain(of_all).collect())
    }
}

/// How far the IoUs of a cell lie apart.
#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    /// Sum of the squared distances from the mean.
    squares: f64,
    /// The two in the middle, or twice the one.
    middle: [f64; 2],
}

/// Returns how far the IoUs of each cell lie apart, by its number.
fn spreads<'a>(
    cells: impl Iterator<Item = &'a Cell>,
    ious: &Sorted<(usize, Ranked)>,
) -> Result<BTreeMap<usize, Spread>, RunError> {
    let cells: BTreeMap<_, _> = cells.map(|cell| (cell.number, cell)).collect();
    let mut spreads: BTreeMap<usize, Spread> = BTreeMap::new();
    let mut rank = 0;
    for iou in ious.merge()? {
        let (number, iou) = iou?;
        let (iou, cell) = (f64::from(iou), cells[&number]);
        if !spreads.contains_key(&number) {
            rank = 0;
        }
        let spread = spreads.entry(number).or_default();
        spread.squares += (iou - cell.means()[0]).powi(2);
        for (middle, place) in spread.middle.iter_mut().zip([cell.count - 1, cell.count]) {
            if rank == place / 2 {
                *middle = iou;
            }
        }
        rank += 1;
    }
    Ok(spreads)
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
    fn into_cell(self, number: usize, ious: &mut Ious) -> Result<Cell, RunError> {
        let mut cell = Cell {
            number,
            unit: self.unit,
            trials: self.trials,
            carried: self.carried,
            ..Cell::default()
        };
        for objects in self.datasets.into_values() {
            let means = std::array::from_fn(|value| {
                let sum: f64 = objects.iter().map(|means| means[value]).sum();
                sum / objects.len() as f64
            });
            cell.push(means, ious)?;
        }
        Ok(cell)
    }
}

impl Cell {
    /// Adds what counts once.
    fn push(&mut self, values: [f64; VALUES], ious: &mut Ious) -> Result<(), RunError> {
        self.count += 1;
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += value;
        }
        ious.push((self.number, values[0].into()))
    }

    /// Adds a trial to its case.
    fn add_of_case(&mut self, row: &Row, ious: &mut Ious) -> Result<(), RunError> {
        if self.open.as_ref().is_some_and(|open| open.case != row.case) {
            self.close(ious)?;
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
        Ok(())
    }

    /// Counts the case whose trials came.
    fn close(&mut self, ious: &mut Ious) -> Result<(), RunError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        self.push(open.sums.map(|sum| sum / open.trials as f64), ious)
    }

    fn means(&self) -> [f64; VALUES] {
        self.sums.map(|sum| sum / self.count as f64)
    }

    fn row(
        &self,
        [dataset, object]: [&str; 2],
        (model, strategy): (usize, usize),
        prompts: u32,
        spread: Spread,
        manifest: &Manifest,
    ) -> SummaryRow {
        let count = self.count;
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
        SummaryRow {
            dataset: dataset.to_owned(),
            object: object.to_owned(),
            model: manifest.models[model].name.clone(),
            strategy: manifest.strategies[strategy].name.clone(),
            prompts,
            trials: self.trials,
            carried: self.carried,
            iou,
            iou_std: (count > 1).then(|| (spread.squares / (count - 1) as f64).sqrt()),
            iou_median: f64::midpoint(spread.middle[0], spread.middle[1]),
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        metrics::Wanted,
        runs::{
            group::trials, manifest::tests::manifest, rows::tests::row, summary::write_summary,
        },
    };

    /// Summarises rows of strategies of the given lengths.
    pub(in crate::runs) fn summarise(rows: &[Row], strategies: &[(&str, u32)]) -> Vec<SummaryRow> {
        let manifest = manifest(strategies);
        let trials = trials(rows.iter().cloned().map(Ok)).map(|trial| trial.expect("all are rows"));
        summarise_trials(Average::Slice, &manifest, trials)
    }

    fn summarise_trials(
        average: Average,
        manifest: &Manifest,
        trials: impl Iterator<Item = impl AsRef<[Row]>>,
    ) -> Vec<SummaryRow> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut summary = Summary::new(average, folder.path());
        for trial in trials {
            let trial = trial.as_ref();
            let group = Group::of(&trial[0], manifest).expect("known names");
            let most = manifest.strategies[group.strategy].prompts;
            summary.add(group, trial, most).expect("writable");
        }
        summary.rows(manifest).expect("readable")
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
            let summary = summarise_trials(average, &manifest, rows.chunks(1)).into_iter();
            summary
                .map(|row| (row.dataset, row.trials, row.iou))
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
            summarise_trials(Average::Slice, &manifest, rows.chunks(1))
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
}
