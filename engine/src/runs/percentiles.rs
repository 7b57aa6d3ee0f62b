//! Which cases are typical. See [`Percentile`].

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    Group, Row, RunError,
    sorter::{Ranked, Sorter},
};

/// How good a case is among its group: a quarter, half, three quarters of the others are no better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Percentile {
    /// The 25th.
    Lower = 25,
    /// The 50th.
    Median = 50,
    /// The 75th.
    Upper = 75,
}

impl Percentile {
    /// All three, the median first: it is the one to show where there are too few cases for three.
    const ALL: [Self; 3] = [Self::Median, Self::Lower, Self::Upper];

    /// Returns the place among `count` (at least 1) sorted values, by the nearest-rank definition.
    fn rank(self, count: usize) -> usize {
        (self as usize * count).div_ceil(100) - 1
    }
}

/// What a typical trial stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    /// Where it belongs.
    pub(super) group: Group,
    /// Where it stands there.
    pub(super) percentile: Percentile,
    /// Among how many trials.
    pub(super) trials: usize,
}

/// How many trials are held while they are sorted: a fifth of a megabyte.
const HELD: usize = 1 << 12;

/// Collects the IoU of every trial at its last prompt, with the trial's number in the rows.
#[derive(Debug)]
pub(super) struct Percentiles {
    /// How many trials of each there are.
    groups: BTreeMap<Group, usize>,
    values: Sorter<(Group, Ranked, u64)>,
    trials: u64,
}

impl Percentiles {
    /// Starts without trials; many are sorted in a file in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            groups: BTreeMap::new(),
            values: Sorter::new(folder, HELD),
            trials: 0,
        }
    }

    /// Adds a trial's rows.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn add(&mut self, group: Group, trial: &[Row]) -> Result<(), RunError> {
        if let Some(last) = trial.last() {
            *self.groups.entry(group).or_default() += 1;
            self.values.push((group, last.iou.into(), self.trials))?;
        }
        self.trials += 1;
        Ok(())
    }

    /// Returns what each typical trial stands for, by its number. Of equal trials the earlier one
    /// counts as less good; a trial that is typical twice is named once.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn picks(self) -> Result<BTreeMap<u64, Pick>, RunError> {
        let sorted = self.values.finish()?;
        let mut values = sorted.merge()?;
        let mut picks = BTreeMap::new();
        for (group, trials) in self.groups {
            let mut ranked = Vec::new();
            for (rank, value) in values.by_ref().take(trials).enumerate() {
                let (_, _, trial) = value?;
                let here = Percentile::ALL.into_iter();
                let here = here.filter(|percentile| percentile.rank(trials) == rank);
                ranked.extend(here.map(|percentile| (percentile, trial)));
            }
            // Where one trial is all three, it is the median.
            ranked.sort_by_key(|&(percentile, _)| percentile != Percentile::Median);
            for (percentile, trial) in ranked {
                picks.entry(trial).or_insert(Pick {
                    group,
                    percentile,
                    trials,
                });
            }
        }
        Ok(picks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::rows::tests::row;
    use Percentile::{Lower, Median, Upper};

    fn picks(ious: &[f64]) -> Vec<(u64, Percentile)> {
        let group = Group {
            dataset: 0,
            object: 0,
            model: 0,
            strategy: 0,
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut percentiles = Percentiles::new(folder.path());
        for &iou in ious {
            let trial = [row("a", "s", 1, 0.0), row("a", "s", 2, iou)];
            percentiles.add(group, &trial).expect("writable");
        }
        let picks = percentiles.picks().expect("readable");
        picks
            .into_iter()
            .map(|(trial, pick)| (trial, pick.percentile))
            .collect()
    }

    #[test]
    fn the_nearest_rank_at_the_last_prompt_is_picked() {
        let ious = [0.9, 0.1, 0.5, 0.3, 0.7];
        assert_eq!(picks(&ious), [(2, Median), (3, Lower), (4, Upper)]);
        assert_eq!(
            picks(&[0.4, 0.3, 0.2, 0.1]),
            [(1, Upper), (2, Median), (3, Lower)]
        );
    }

    #[test]
    fn few_or_equal_trials_are_named_once() {
        assert_eq!(picks(&[0.5]), [(0, Median)]);
        assert_eq!(picks(&[0.5, 0.5]), [(0, Median), (1, Upper)]);
        assert_eq!(picks(&[0.5; 3]), [(0, Lower), (1, Median), (2, Upper)]);
    }
}
