//! Confidence intervals by resampling. See [`intervals`].

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::metrics::percentile;

/// How many times the cases are drawn anew.
const RESAMPLES: usize = 2000;
/// What the interval leaves out at either end.
const TAIL: f64 = 0.025;
/// Every report of the same rows draws the same cases.
const SEED: u64 = 0x0065_6e67_696e_6531;

/// The observations of one case, at each of several points (numbers of prompts).
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// How many observations there are at every point.
    pub count: usize,
    /// Their sum at each point.
    pub sums: Vec<f64>,
}

/// A 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Returns the 95 % interval of the mean at each point: the percentile bootstrap over whole cases,
/// because slices of one case are alike (cluster bootstrap; Davison and Hinkley, *Bootstrap Methods
/// and their Application*, 1997, sections 2.4 and 3.8). `None` for fewer than two cases.
///
/// All points share the drawn cases, so that a curve's band is that of whole curves.
///
/// # Panics
/// When the clusters differ in their number of points.
pub fn intervals(clusters: &[Cluster]) -> Option<Vec<Interval>> {
    let [first, _, ..] = clusters else {
        return None;
    };
    let points = first.sums.len();
    assert!(
        clusters.iter().all(|cluster| cluster.sums.len() == points),
        "clusters of one group have the same points"
    );
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut means = vec![Vec::with_capacity(RESAMPLES); points];
    let mut sums = vec![0.0; points];
    for _ in 0..RESAMPLES {
        let mut count = 0;
        sums.fill(0.0);
        for _ in clusters {
            // The high half of a product: uniform to one part in 2³² of the number of cases.
            let draw = (u64::from(random.next_u32()) * clusters.len() as u64) >> 32;
            let cluster = &clusters[draw as usize];
            count += cluster.count;
            for (sum, one) in sums.iter_mut().zip(&cluster.sums) {
                *sum += one;
            }
        }
        for (means, sum) in means.iter_mut().zip(&sums) {
            means.push(sum / count.max(1) as f64);
        }
    }
    let interval = |mut means: Vec<f64>| {
        means.sort_by(f64::total_cmp);
        Interval {
            low: percentile(&means, TAIL),
            high: percentile(&means, 1.0 - TAIL),
        }
    };
    Some(means.into_iter().map(interval).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of one observation each.
    fn singles(values: impl IntoIterator<Item = f64>) -> Vec<Cluster> {
        let one = |value| Cluster {
            count: 1,
            sums: vec![value],
        };
        values.into_iter().map(one).collect()
    }

    #[test]
    fn a_mean_of_many_has_the_width_that_theory_gives() {
        // Uniform on [0, 1): σ = 1/√12, so ± 1.96 σ/√n.
        let n = 400;
        let clusters = singles((0..n).map(|k| (f64::from(k) + 0.5) / f64::from(n)));
        let interval = intervals(&clusters).expect("many cases")[0];
        let half = 1.96 / (12.0 * f64::from(n)).sqrt();
        assert!(
            (interval.low - (0.5 - half)).abs() < 0.1 * half,
            "{interval:?}"
        );
        assert!(
            (interval.high - (0.5 + half)).abs() < 0.1 * half,
            "{interval:?}"
        );
    }

    #[test]
    fn slices_of_one_case_do_not_count_as_cases() {
        let values: Vec<f64> = (0..20).map(|k| f64::from(k) / 20.0).collect();
        let alone = intervals(&singles(values.iter().copied())).expect("20 cases")[0];
        let volumes = values.iter().map(|value| Cluster {
            count: 50,
            sums: vec![50.0 * value],
        });
        let volumes: Vec<_> = volumes.collect();
        let repeated = intervals(&volumes).expect("20 cases")[0];
        assert!((alone.low - repeated.low).abs() < 1e-12);
        assert!((alone.high - repeated.high).abs() < 1e-12);
    }

    #[test]
    fn one_case_says_nothing_about_others() {
        assert_eq!(intervals(&singles([0.5])), None);
        assert_eq!(intervals(&[]), None);
    }

    #[test]
    fn equal_cases_leave_no_doubt_and_reports_repeat() {
        let clusters = singles([0.25; 7]);
        let interval = intervals(&clusters).expect("seven cases")[0];
        assert_eq!((interval.low, interval.high), (0.25, 0.25));
        let clusters = singles([0.1, 0.7, 0.2, 0.9]);
        assert_eq!(intervals(&clusters), intervals(&clusters));
    }
}
