//! `noc.csv`: how many clicks an IoU takes. See [`NocRow`].

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    Group, Manifest, Row, RunError,
    folder::replace_with,
    rows::{csv_lines, header},
};

/// The IoUs that are waited for.
const TARGETS: [f64; 3] = [0.80, 0.85, 0.90];

/// One line of `noc.csv`: all trials of a dataset, object, model and strategy of several prompts.
///
/// As RITM's evaluation counts (Sofiiuk et al. 2021): the number of clicks (NoC) of a trial at a target
/// is that of the first prompt whose IoU reaches it, or the most prompts the strategy allows. IoU after
/// k clicks is in `summary.csv`. What is not known, because a trial was stopped before at a lower IoU, is
/// empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NocRow {
    /// The dataset's name.
    pub dataset: String,
    /// The object's name.
    pub object: String,
    /// The model's name.
    pub model: String,
    /// The strategy's name.
    pub strategy: String,
    /// How many trials the means are of.
    pub trials: usize,
    /// The most prompts of a trial, 20 in the literature.
    pub most: u32,
    /// Mean number of clicks to an IoU of 0.80.
    pub noc_80: Option<f64>,
    /// Mean number of clicks to an IoU of 0.85.
    pub noc_85: Option<f64>,
    /// Mean number of clicks to an IoU of 0.90.
    pub noc_90: Option<f64>,
    /// How many trials took the most prompts to 0.80, or did not reach it (≥ 20 in the literature).
    pub over_80: Option<usize>,
    /// The same for 0.85.
    pub over_85: Option<usize>,
    /// The same for 0.90.
    pub over_90: Option<usize>,
}

impl NocRow {
    /// The columns of `noc.csv`, in order.
    pub const COLUMNS: [&str; 12] = [
        "dataset", "object", "model", "strategy", "trials", "most", "noc_80", "noc_85", "noc_90",
        "over_80", "over_85", "over_90",
    ];
}

/// Collects trials, one after the other.
#[derive(Debug, Default)]
pub(super) struct Noc {
    groups: BTreeMap<Group, Counts>,
}

/// The trials of one group.
#[derive(Debug, Default)]
struct Counts {
    trials: usize,
    most: u32,
    /// Per target.
    targets: [Target; TARGETS.len()],
}

/// How many clicks a target took.
#[derive(Debug, Default)]
struct Target {
    clicks: u64,
    over: usize,
    /// Trials that were stopped before anything was known.
    unknown: usize,
}

impl Noc {
    /// Adds a trial's rows, which are in the order of prompts. Strategies of one prompt do not count.
    pub(super) fn add(&mut self, group: Group, trial: &[Row], most: u32) {
        if most < 2 {
            return;
        }
        let counts = self.groups.entry(group).or_default();
        counts.trials += 1;
        counts.most = most;
        let is_whole = trial.last().is_some_and(|last| last.prompts == most);
        for (target, iou) in counts.targets.iter_mut().zip(TARGETS) {
            let reached = trial.iter().find(|row| row.iou >= iou);
            match reached.map(|row| row.prompts) {
                None if !is_whole => target.unknown += 1,
                reached => {
                    let clicks = reached.unwrap_or(most);
                    target.clicks += u64::from(clicks);
                    target.over += usize::from(clicks == most);
                }
            }
        }
    }

    /// Returns the counts, in the scenario's order.
    pub(super) fn rows(&self, manifest: &Manifest) -> Vec<NocRow> {
        let row = |(group, counts): (&Group, &Counts)| {
            let dataset = &manifest.datasets[group.dataset];
            let [noc_80, noc_85, noc_90] = counts.targets.each_ref().map(|target| {
                (target.unknown == 0).then(|| target.clicks as f64 / counts.trials as f64)
            });
            let over = |target: &Target| (target.unknown == 0).then_some(target.over);
            let [over_80, over_85, over_90] = counts.targets.each_ref().map(over);
            NocRow {
                dataset: dataset.name.clone(),
                object: dataset.objects[group.object].clone(),
                model: manifest.models[group.model].name.clone(),
                strategy: manifest.strategies[group.strategy].name.clone(),
                trials: counts.trials,
                most: counts.most,
                noc_80,
                noc_85,
                noc_90,
                over_80,
                over_85,
                over_90,
            }
        };
        self.groups.iter().map(row).collect()
    }
}

/// Writes `noc.csv`.
pub fn write_noc(path: &Path, rows: &[NocRow]) -> Result<(), RunError> {
    let mut text = header(&NocRow::COLUMNS).into_bytes();
    text.extend(csv_lines(rows, path)?);
    replace_with(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{group::trials, manifest::tests::manifest, rows::tests::row};

    fn count(rows: &[Row], strategies: &[(&str, u32)]) -> Vec<NocRow> {
        let manifest = manifest(strategies);
        let mut noc = Noc::default();
        for trial in trials(rows.iter().cloned().map(Ok)) {
            let trial = trial.expect("all are rows");
            let group = Group::of(&trial[0], &manifest).expect("known names");
            noc.add(group, &trial, strategies[group.strategy].1);
        }
        noc.rows(&manifest)
    }

    #[test]
    fn clicks_are_counted_as_in_the_literature() {
        let rows = [
            row("a", "clicks", 1, 0.5),
            row("a", "clicks", 2, 0.87),
            row("a", "clicks", 3, 0.95),
            // Once above the target counts, whatever comes after.
            row("b", "clicks", 1, 0.8),
            row("b", "clicks", 2, 0.4),
            row("b", "clicks", 3, 0.7),
            row("b", "clicks", 4, 0.9),
            row("c", "clicks", 1, 0.1),
            row("c", "clicks", 2, 0.1),
            row("c", "clicks", 3, 0.1),
            row("c", "clicks", 4, 0.1),
            row("c", "box", 1, 0.9),
        ];
        let counts = count(&rows, &[("clicks", 4), ("box", 1)]);
        let [counts] = &counts[..] else {
            panic!("one strategy has several prompts: {counts:?}");
        };
        assert_eq!((counts.trials, counts.most), (3, 4));
        assert_eq!(counts.noc_80, Some((2.0 + 1.0 + 4.0) / 3.0));
        assert_eq!(counts.noc_85, Some((2.0 + 4.0 + 4.0) / 3.0));
        assert_eq!(counts.noc_90, Some((3.0 + 4.0 + 4.0) / 3.0));
        // Reached by the last prompt, or never: both are «at least as many as there are».
        let over = [counts.over_80, counts.over_85, counts.over_90];
        assert_eq!(over, [Some(1), Some(2), Some(2)]);
    }

    #[test]
    fn what_a_stopped_trial_did_not_show_is_empty() {
        let rows = [row("a", "clicks", 1, 0.5), row("a", "clicks", 2, 0.86)];
        let counts = count(&rows, &[("clicks", 20)]);
        assert_eq!(counts[0].noc_80, Some(2.0));
        assert_eq!(counts[0].noc_85, Some(2.0));
        assert_eq!((counts[0].noc_90, counts[0].over_90), (None, None));
    }

    #[test]
    fn the_header_is_the_fields() {
        let rows = count(&[row("a", "clicks", 1, 0.5)], &[("clicks", 2)]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("noc.csv");
        write_noc(&path, &rows).expect("writable");
        let mut reader = csv::Reader::from_path(&path).expect("readable");
        assert_eq!(reader.headers().expect("a header"), &NocRow::COLUMNS[..]);
        let back: Result<Vec<NocRow>, _> = reader.deserialize().collect();
        assert_eq!(back.expect("what was written"), rows);
    }
}
