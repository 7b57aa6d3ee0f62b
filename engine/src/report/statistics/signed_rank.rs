//! Two models or strategies on the same cases. See [`signed_rank`].

use std::f64::consts::SQRT_2;

/// Up to how many pairs the p-value is counted exactly.
const EXACT: usize = 50;

/// What the signs and ranks of differences say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignedRank {
    /// Pairs that differ; the others say nothing.
    pub pairs: usize,
    /// Two-sided p-value.
    pub p: f64,
    /// The matched-pairs rank-biserial correlation, from −1 (all negative) to 1 (all positive):
    /// the share of rank sum in favour minus that against (Kerby, *Comprehensive Psychology* 3, 2014).
    pub effect: f64,
}

/// Tests whether differences lie around zero (Wilcoxon, *Biometrics Bulletin* 1, 1945). Pairs
/// without a difference are left out; equal differences share their mean rank. Up to 50 pairs all
/// signs are counted; beyond, the normal distribution with Wilcoxon's variance for ties stands in
/// (as `scipy.stats.wilcoxon`). `None` if no pair differs.
pub fn signed_rank(differences: &[f64]) -> Option<SignedRank> {
    let mut kept: Vec<f64> = differences
        .iter()
        .copied()
        .filter(|difference| *difference != 0.0 && !difference.is_nan())
        .collect();
    if kept.is_empty() {
        return None;
    }
    kept.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Twice the ranks, which are whole numbers also where they are shared.
    let mut ranks = Vec::with_capacity(kept.len());
    let mut tied = 0.0;
    for same in kept.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let first = ranks.len() + 1;
        let count = same.len();
        ranks.extend(std::iter::repeat_n(2 * first + count - 1, count));
        tied += (count * count * count - count) as f64;
    }
    let total: usize = ranks.iter().sum();
    let positive: usize = kept
        .iter()
        .zip(&ranks)
        .filter(|(difference, _)| **difference > 0.0)
        .map(|(_, rank)| rank)
        .sum();
    let smaller = positive.min(total - positive);
    let p = if kept.len() <= EXACT {
        count_signs(&ranks, smaller)
    } else {
        approximate(kept.len() as f64, tied, smaller as f64 / 2.0)
    };
    Some(SignedRank {
        pairs: kept.len(),
        p,
        effect: 2.0 * positive as f64 / total as f64 - 1.0,
    })
}

/// Returns the share of all assignments of signs whose smaller rank sum is as small as `smaller`.
fn count_signs(ranks: &[usize], smaller: usize) -> f64 {
    let mut ways = vec![0.0; smaller + 1];
    ways[0] = 1.0;
    for &rank in ranks {
        for sum in (rank..=smaller).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let all = 2_f64.powi(ranks.len() as i32);
    (2.0 * ways.iter().sum::<f64>() / all).min(1.0)
}

/// Returns the p-value by the normal distribution; `tied` is the sum of t³ − t over ties.
fn approximate(n: f64, tied: f64, smaller: f64) -> f64 {
    let mean = n * (n + 1.0) / 4.0;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tied / 48.0;
    let z = (smaller - mean).abs() / variance.sqrt();
    libm::erfc(z / SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(differences: &[f64]) -> f64 {
        signed_rank(differences).expect("some differ").p
    }

    #[test]
    fn few_pairs_as_scipy_counts_them() {
        // scipy.stats.wilcoxon 1.17.1
        let differences = [0.12, -0.03, 0.05, 0.2, -0.01, 0.07, 0.31, -0.09];
        assert!((p(&differences) - 0.195_312_5).abs() < 1e-15);
        let tied = [0.1, 0.1, -0.1, 0.2, 0.0, 0.3, -0.2, 0.4, 0.5, 0.1];
        assert!((p(&tied) - 0.105_468_75).abs() < 1e-15);
    }

    #[test]
    fn many_pairs_as_scipy_approximates_them() {
        // Sixty differences with ties, from NumPy's RandomState(3); scipy.stats.wilcoxon 1.17.1.
        let thousandths = [
            209, 74, 40, -156, 2, -5, 22, -33, 26, -18, -101, 118, 118, 201, 35, -10, -25, -125,
            128, -80, -89, 9, 179, 54, -72, -41, 93, 14, -47, 7, 105, 228, -94, -33, -50, -212,
            -62, -72, 142, 17, -132, 95, -6, -144, -30, -29, -57, 33, -195, 3, 131, 115, 141, 142,
            179, -82, 115, -156, -30, -161,
        ];
        let differences = thousandths.map(|value| f64::from(value) / 1000.0);
        assert!((p(&differences) - 0.762_776_347_194_279_4).abs() < 1e-12);
    }

    #[test]
    fn the_effect_has_the_sign_of_the_differences() {
        let effect = |differences: &[f64]| signed_rank(differences).expect("some differ").effect;
        assert!((effect(&[0.1, 0.2, 0.3]) - 1.0).abs() < 1e-15);
        assert!((effect(&[-0.1, -0.2, -0.3]) + 1.0).abs() < 1e-15);
        assert!((effect(&[0.1, -0.2, 0.3])).abs() < 0.4);
        assert_eq!(signed_rank(&[0.0, 0.0]), None);
        assert_eq!(signed_rank(&[]), None);
    }
}
