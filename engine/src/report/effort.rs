//! How many prompts it takes. See [`Effort`].

use super::Series;

/// How soon the trials of a series are good enough; each counts once, as in `noc.csv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Mean number of prompts to the target (NoC, Sofiiuk et al., *Reviving Iterative Training with
    /// Mask Guidance for Interactive Segmentation*, 2022); a trial that does not reach it in all its
    /// prompts counts as these.
    pub prompts: f64,
    /// The share of trials that reach it.
    pub reached: f64,
}

impl Series {
    /// Returns how soon the IoU reaches a target; `None` where nobody knows, because a trial was stopped
    /// at a lower IoU before its last prompt.
    pub fn effort(&self, target: f64) -> Option<Effort> {
        let (mut prompts, mut reached) = (0.0, 0.0);
        for curve in &self.curves {
            let first = curve.points.iter().position(|point| point.iou >= target);
            prompts += match first {
                Some(place) => (place + 1) as f64,
                None if curve.points.len() == self.most as usize => f64::from(self.most),
                None => return None,
            };
            reached += f64::from(u8::from(first.is_some()));
        }
        let trials = self.curves.len() as f64;
        Some(Effort {
            prompts: prompts / trials,
            reached: reached / trials,
        })
    }

    /// Returns the mean height of the IoU curve over 1 to the last prompt (trapezoids; the area under
    /// it, divided by its length). Of one prompt: its IoU.
    pub fn mean_height(&self) -> f64 {
        let (means, _) = &self.means;
        let steps = means.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
        match means.len() {
            1 => means[0],
            length => steps.sum::<f64>() / (length - 1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::collection::tests::series;

    #[test]
    fn prompts_are_counted_to_the_target() {
        let series = series(&[&[0.5, 0.9, 0.8], &[0.2, 0.3, 0.4], &[0.95]]);
        let effort = series.effort(0.85).expect("all are known");
        assert!((effort.prompts - (2.0 + 3.0 + 1.0) / 3.0).abs() < 1e-12);
        assert!((effort.reached - 2.0 / 3.0).abs() < 1e-12);
        assert!(
            series
                .effort(0.0)
                .is_some_and(|effort| (effort.prompts - 1.0).abs() < 1e-12)
        );
        assert_eq!(
            series.effort(0.99),
            None,
            "the last trial was stopped before"
        );
    }

    #[test]
    fn the_curves_height_is_its_area_over_its_length() {
        let rising = series(&[&[0.0, 0.5, 1.0]]);
        assert!((rising.mean_height() - 0.5).abs() < 1e-12);
        let once = series(&[&[0.7]]);
        assert!((once.mean_height() - 0.7).abs() < 1e-12);
        let stopped = series(&[&[1.0], &[0.0, 0.0, 0.0]]);
        assert!(
            (stopped.mean_height() - 0.5).abs() < 1e-12,
            "it keeps its last value"
        );
    }
}
