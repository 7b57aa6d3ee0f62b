//! Models and strategies against each other, on the same cases. See [`Pair`].

use std::collections::{BTreeMap, HashMap};

use super::{
    Panel, Series,
    statistics::{Cluster, Interval, SignedRank, holm, intervals, signed_rank},
};

/// Two series of a panel, each after its last prompt, on the trials that both have.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Index of the first series in its panel.
    pub one: usize,
    /// Index of the second.
    pub other: usize,
    /// How many trials both played.
    pub trials: usize,
    /// Of how many cases these are.
    pub cases: usize,
    /// Mean over trials, or over cases if these count once, of the first's IoU less the second's.
    pub difference: f64,
    /// Its 95 % interval over cases.
    pub interval: Option<Interval>,
    /// The test over the cases' mean differences; `None` if no case differs.
    pub test: Option<SignedRank>,
    /// The test's p-value, adjusted for all tests of the collection; 1 without a test.
    pub adjusted: f64,
}

/// Compares all series of each panel with each other. P-values are adjusted over all panels (Holm).
///
/// The unit is the case: slices and repeats of one are averaged before the test, for they are no
/// independent witnesses.
pub fn pairs(panels: &[Panel]) -> Vec<Vec<Pair>> {
    let mut all: Vec<Vec<Pair>> = panels.iter().map(of_panel).collect();
    let tested = || all.iter().flatten().filter_map(|pair| pair.test);
    let mut adjusted = holm(&tested().map(|test| test.p).collect::<Vec<_>>()).into_iter();
    for pair in all.iter_mut().flatten() {
        if pair.test.is_some() {
            pair.adjusted = adjusted.next().expect("one per test");
        }
    }
    all
}

fn of_panel(panel: &Panel) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for other in 1..panel.series.len() {
        for one in 0..other {
            pairs.extend(compare(panel, one, other));
        }
    }
    pairs
}

/// Compares two series; `None` if no trial is in both.
pub(super) fn compare(panel: &Panel, one: usize, other: usize) -> Option<Pair> {
    let last = |series: &Series| {
        let prompts = series.prompts;
        let ious = series.curves.iter().map(move |curve| {
            let key = (curve.case, curve.slice, curve.repeat);
            (key, curve.at(prompts).iou)
        });
        ious.collect::<HashMap<_, _>>()
    };
    let (first, second) = (last(&panel.series[one]), last(&panel.series[other]));
    let mut clusters: BTreeMap<u32, Cluster> = BTreeMap::new();
    // In the rows' order, so that sums do not depend on the map's.
    for curve in &panel.series[one].curves {
        let key = (curve.case, curve.slice, curve.repeat);
        let Some((a, b)) = first.get(&key).zip(second.get(&key)) else {
            continue;
        };
        let cluster = clusters.entry(curve.case).or_insert_with(|| Cluster {
            count: 0,
            sums: vec![0.0],
        });
        cluster.count += 1;
        cluster.sums[0] += a - b;
    }
    let mut clusters: Vec<_> = clusters.into_values().collect();
    let trials: usize = clusters.iter().map(|cluster| cluster.count).sum();
    if trials == 0 {
        return None;
    }
    if panel.series[one].by_case {
        for cluster in &mut clusters {
            cluster.sums[0] /= cluster.count as f64;
            cluster.count = 1;
        }
    }
    let counted: usize = clusters.iter().map(|cluster| cluster.count).sum();
    let by_case = clusters
        .iter()
        .map(|cluster| cluster.sums[0] / cluster.count as f64);
    Some(Pair {
        one,
        other,
        trials,
        cases: clusters.len(),
        difference: clusters.iter().map(|cluster| cluster.sums[0]).sum::<f64>() / counted as f64,
        interval: intervals(&clusters).map(|intervals| intervals[0]),
        test: signed_rank(&by_case.collect::<Vec<_>>()),
        adjusted: 1.0,
    })
}
