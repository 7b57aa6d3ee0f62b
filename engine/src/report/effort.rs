//! How many prompts it takes. See [`Effort`].

use super::Series;

/// How soon the trials of a series are good enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Mean number of prompts to the target (NoC, Sofiiuk et al., *Reviving Iterative Training with
    /// Mask Guidance for Interactive Segmentation*, 2022); a trial that never reaches it counts as its
    /// series' last prompt.
    pub prompts: f64,
    /// The share of trials that reach it.
    pub reached: f64,
}

impl Series {
    /// Returns how soon the IoU reaches a target.
    pub fn effort(&self, target: f64) -> Effort {
        let (mut prompts, mut reached) = (0.0, 0.0);
        for curve in &self.curves {
            let first = curve.points.iter().position(|point| point.iou >= target);
            prompts += first.map_or(f64::from(self.prompts), |place| (place + 1) as f64);
            reached += f64::from(u8::from(first.is_some()));
        }
        let trials = self.curves.len() as f64;
        Effort {
            prompts: prompts / trials,
            reached: reached / trials,
        }
    }

    /// Returns the mean height of the IoU curve over 1 to the last prompt (trapezoids; the area under
    /// it, divided by its length). Of one prompt: its IoU.
    pub fn mean_height(&self) -> f64 {
        let means: Vec<_> = (1..=self.prompts)
            .map(|prompts| self.mean(prompts, |point| point.iou))
            .collect();
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
        let effort = series.effort(0.85);
        assert!((effort.prompts - (2.0 + 3.0 + 1.0) / 3.0).abs() < 1e-12);
        assert!((effort.reached - 2.0 / 3.0).abs() < 1e-12);
        assert!((series.effort(0.0).prompts - 1.0).abs() < 1e-12);
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
