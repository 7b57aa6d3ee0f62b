//! Which of a model's candidate masks counts. See [`Judgement`].

use ndarray::ArrayView2;

use super::Overlap;
use crate::{entities::Candidate, models::Candidates, scenario::Choice};

/// A prediction's candidates measured against the truth, and what every rule makes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// One per candidate, in the model's order.
    pub overlaps: Vec<Overlap>,
    /// The candidate each rule takes.
    pub choices: Choices,
}

/// The index of the candidate that each [`Choice`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Under [`Choice::First`].
    pub first: usize,
    /// Under [`Choice::BestScore`].
    pub best_score: usize,
    /// Under [`Choice::Oracle`].
    pub oracle: usize,
    /// Under [`Choice::Single`].
    pub single: usize,
}

impl Judgement {
    /// Measures every candidate against `truth` (`[height, width]`, never empty) and applies all
    /// four rules, whichever of them drives the next prompt.
    ///
    /// # Panics
    /// When there are fewer candidates than `kind` says, or their shape is not the truth's.
    pub fn new(kind: Candidates, candidates: &[Candidate], truth: ArrayView2<'_, bool>) -> Self {
        let overlaps: Vec<_> = candidates
            .iter()
            .map(|candidate| Overlap::of(candidate.bitmap.view(), truth))
            .collect();
        // A candidate without a score is never the best one.
        let score = |mask: &Candidate| mask.predicted_iou.unwrap_or(f32::NEG_INFINITY);
        let scores: Vec<_> = candidates.iter().map(score).collect();
        let choices = Choices::among(kind, &scores, &overlaps);
        Self { overlaps, choices }
    }

    /// Returns the IoU of the candidate that `choice` takes.
    pub fn iou(&self, choice: Choice) -> f64 {
        self.overlaps[self.choices.index(choice)].iou()
    }
}

impl Choices {
    /// Applies all four rules to predicted IoUs and overlaps, both one per candidate.
    ///
    /// Of SAM's four candidates the study's code looks at 1 to 3 only. It takes the first of them;
    /// its oracle starts from 0 and index −1, so that the last one is left where none overlaps.
    /// Equal scores go to the lower index.
    pub fn among(kind: Candidates, predicted_ious: &[f32], overlaps: &[Overlap]) -> Self {
        assert_eq!(
            predicted_ious.len(),
            overlaps.len(),
            "one score per candidate"
        );
        match kind {
            Candidates::One => Self {
                first: 0,
                best_score: 0,
                oracle: 0,
                single: 0,
            },
            Candidates::SingleThenMulti => {
                let ious: Vec<_> = overlaps.iter().map(|overlap| overlap.iou()).collect();
                let last = ious.len() - 1;
                assert!(last >= 1, "one single-mask candidate, then several");
                Self {
                    first: 1,
                    best_score: first_above(f32::NEG_INFINITY, predicted_ious).unwrap_or(1),
                    oracle: first_above(0.0, &ious).unwrap_or(last),
                    single: 0,
                }
            }
        }
    }

    /// Returns the index under `choice`.
    pub fn index(self, choice: Choice) -> usize {
        match choice {
            Choice::First => self.first,
            Choice::BestScore => self.best_score,
            Choice::Oracle => self.oracle,
            Choice::Single => self.single,
        }
    }
}

/// Returns where the largest value from index 1 on is, the first of equal ones, if it is above `floor`.
fn first_above<T: PartialOrd + Copy>(floor: T, values: &[T]) -> Option<usize> {
    let mut best = (None, floor);
    for (index, &value) in values.iter().enumerate().skip(1) {
        if value > best.1 {
            best = (Some(index), value);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};

    /// A candidate that covers the first `columns` of ten columns.
    fn candidate(columns: usize, predicted_iou: f32) -> Candidate {
        let mut bitmap = Array2::from_elem((4, 10), false);
        bitmap.slice_mut(s![.., ..columns]).fill(true);
        Candidate {
            bitmap,
            predicted_iou: Some(predicted_iou),
            logits: Vec::new(),
        }
    }

    fn judge(candidates: &[Candidate]) -> Judgement {
        let mut truth = Array2::from_elem((4, 10), false);
        truth.slice_mut(s![.., ..5]).fill(true);
        Judgement::new(Candidates::SingleThenMulti, candidates, truth.view())
    }

    #[test]
    fn each_rule_takes_its_own_candidate() {
        let masks = [
            candidate(5, 0.99), // the single-mask token, perfect: no multi-mask rule may see it
            candidate(1, 0.3),
            candidate(4, 0.5),
            candidate(10, 0.9),
        ];
        let judgement = judge(&masks);
        assert_eq!(
            judgement.choices,
            Choices {
                first: 1,
                best_score: 3,
                oracle: 2,
                single: 0
            }
        );
        for (choice, iou) in [
            (Choice::First, 0.2),
            (Choice::BestScore, 0.5),
            (Choice::Oracle, 0.8),
            (Choice::Single, 1.0),
        ] {
            assert!((judgement.iou(choice) - iou).abs() < 1e-12, "{choice:?}");
        }
    }

    #[test]
    fn equal_candidates_go_to_the_first() {
        let masks = [0.7, 0.5, 0.5, 0.5].map(|score| candidate(3, score));
        let choices = judge(&masks).choices;
        assert_eq!((choices.best_score, choices.oracle), (1, 1));
    }

    #[test]
    fn the_oracle_falls_back_to_the_last_when_nothing_overlaps() {
        let masks = [0.1, 0.2, 0.3, 0.1].map(|score| candidate(0, score));
        let choices = judge(&masks).choices;
        assert_eq!((choices.best_score, choices.oracle), (2, 3));
    }

    #[test]
    fn negative_scores_are_compared_too() {
        let masks = [0.1, -0.3, -0.1, -0.2].map(|score| candidate(2, score));
        assert_eq!(judge(&masks).choices.best_score, 2);
    }

    #[test]
    fn a_single_candidate_is_every_choice() {
        let truth = Array2::from_elem((4, 10), true);
        let judgement = Judgement::new(Candidates::One, &[candidate(0, 0.5)], truth.view());
        for choice in [
            Choice::First,
            Choice::BestScore,
            Choice::Oracle,
            Choice::Single,
        ] {
            assert_eq!(judgement.choices.index(choice), 0);
        }
    }
}
