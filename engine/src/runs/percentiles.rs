//! Which cases are typical. See [`Percentile`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Group, Row};

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

/// Collects the IoU of every trial at its last prompt, with the trial's number in the rows.
#[derive(Debug, Default)]
pub(super) struct Percentiles {
    groups: BTreeMap<Group, Vec<(f64, u64)>>,
    trials: u64,
}

impl Percentiles {
    /// Adds a trial's rows.
    pub(super) fn add(&mut self, group: Group, trial: &[Row]) {
        if let Some(last) = trial.last() {
            let values = self.groups.entry(group).or_default();
            values.push((last.iou, self.trials));
        }
        self.trials += 1;
    }

    /// Returns what each typical trial stands for, by its number. Of equal trials the earlier one
    /// counts as less good; a trial that is typical twice is named once.
    pub(super) fn picks(self) -> BTreeMap<u64, Pick> {
        let mut picks = BTreeMap::new();
        for (group, mut values) in self.groups {
            values.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for percentile in Percentile::ALL {
                let (_, trial) = values[percentile.rank(values.len())];
                picks.entry(trial).or_insert(Pick {
                    group,
                    percentile,
                    trials: values.len(),
                });
            }
        }
        picks
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
        let mut percentiles = Percentiles::default();
        for &iou in ious {
            percentiles.add(group, &[row("a", "s", 1, 0.0), row("a", "s", 2, iou)]);
        }
        let picks = percentiles.picks();
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
