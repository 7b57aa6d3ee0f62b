//! What is measured beyond pixel counts, where a scenario asks for it. See [`Wanted`].

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::{Distances, boundary_iou};

/// Which of the costly metrics are measured. Each has a column in `rows.csv`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// The IoU of the rims.
    #[serde(default)]
    pub boundary_iou: bool,
    /// The 95th percentile of the Hausdorff distance.
    #[serde(default)]
    pub hd95: bool,
    /// The average symmetric surface distance.
    #[serde(default)]
    pub assd: bool,
    /// The normalised surface distance at this tolerance, in the slice's unit.
    #[serde(default)]
    pub nsd: Option<f64>,
}

/// What was measured of a prediction; nothing where it was not wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// What the distances and the tolerance are in.
    pub unit: Option<Unit>,
    /// The IoU of the rims, 0 to 1.
    pub boundary_iou: Option<f64>,
    /// The 95th percentile of the Hausdorff distance.
    pub hd95: Option<f64>,
    /// The average symmetric surface distance.
    pub assd: Option<f64>,
    /// The normalised surface distance, 0 to 1.
    pub nsd: Option<f64>,
}

/// What distances on a slice are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Unit {
    /// Millimetres, where the slice's spacing is known.
    #[serde(rename = "mm")]
    Millimetres,
    /// Pixels of the slice, where it is not.
    #[serde(rename = "px")]
    Pixels,
    /// Some in millimetres, some in pixels: no mean of distances has a meaning. Only in summaries.
    #[serde(rename = "mixed")]
    Mixed,
}

impl Unit {
    /// Returns the unit of values of both units.
    pub fn of_both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) if one != other => Some(Self::Mixed),
            (one, other) => one.or(other),
        }
    }

    /// Returns its name, as in rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Millimetres => "mm",
            Self::Pixels => "px",
            Self::Mixed => "mixed",
        }
    }
}

impl Wanted {
    /// Returns whether anything is.
    pub fn is_any(self) -> bool {
        self.boundary_iou || self.has_unit()
    }

    /// Returns whether anything is that has a unit.
    pub fn has_unit(self) -> bool {
        self.hd95 || self.assd || self.nsd.is_some()
    }

    /// Measures a prediction against the truth, `[height, width]` each and the truth not empty, with
    /// the spacing of rows and columns in millimetres, where it is known; else in pixels.
    ///
    /// An empty prediction has no edge. So that a model which finds nothing does not drop out of a
    /// mean, it gets the worst there is: boundary IoU and NSD are 0, HD95 and ASSD the distance
    /// between opposite corner pixels of the slice (as *Metrics Reloaded*, Maier-Hein et al. 2024,
    /// advises for missing values).
    ///
    /// # Panics
    /// When the shapes differ.
    pub fn measure(
        self,
        predicted: ArrayView2<'_, bool>,
        truth: ArrayView2<'_, bool>,
        spacing_mm: Option<[f64; 2]>,
    ) -> Measured {
        let mut measured = Measured {
            boundary_iou: self.boundary_iou.then(|| boundary_iou(predicted, truth)),
            ..Measured::default()
        };
        if !self.has_unit() {
            return measured;
        }
        measured.unit = Some(spacing_mm.map_or(Unit::Pixels, |_| Unit::Millimetres));
        let spacing = spacing_mm.unwrap_or([1.0; 2]);
        let distances = Distances::between(predicted, truth, spacing);
        let (height, width) = truth.dim();
        let farthest = f64::hypot(
            height.saturating_sub(1) as f64 * spacing[0],
            width.saturating_sub(1) as f64 * spacing[1],
        );
        let distance = |wanted: bool, of: fn(&Distances) -> f64| {
            wanted.then(|| distances.as_ref().map_or(farthest, of))
        };
        measured.hd95 = distance(self.hd95, Distances::hd95);
        measured.assd = distance(self.assd, Distances::assd);
        measured.nsd = self.nsd.map(|tolerance| {
            let share = |distances: &Distances| distances.nsd(tolerance);
            distances.as_ref().map_or(0.0, share)
        });
        measured
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};

    const ALL: Wanted = Wanted {
        boundary_iou: true,
        hd95: true,
        assd: true,
        nsd: Some(1.0),
    };

    fn left(columns: usize) -> Array2<bool> {
        let mut mask = Array2::from_elem((4, 13), false);
        mask.slice_mut(s![.., ..columns]).fill(true);
        mask
    }

    #[test]
    fn only_what_is_wanted_is_measured() {
        let (one, other) = (left(3), left(4));
        let none = Wanted::default();
        assert!(!none.is_any());
        let nothing = none.measure(one.view(), other.view(), Some([1.0; 2]));
        assert_eq!(nothing, Measured::default());
        let rims = Wanted {
            boundary_iou: true,
            ..none
        };
        let measured = rims.measure(one.view(), other.view(), None);
        assert_eq!((measured.unit, measured.hd95), (None, None));
        assert!(measured.boundary_iou.is_some_and(|iou| iou > 0.0));
    }

    #[test]
    fn the_unit_is_that_of_the_spacing() {
        let (one, other) = (left(3), left(4));
        let in_mm = ALL.measure(one.view(), other.view(), Some([0.5, 2.0]));
        assert_eq!(
            (in_mm.unit, in_mm.hd95),
            (Some(Unit::Millimetres), Some(2.0))
        );
        let in_pixels = ALL.measure(one.view(), other.view(), None);
        assert_eq!(
            (in_pixels.unit, in_pixels.hd95),
            (Some(Unit::Pixels), Some(1.0))
        );
        assert_eq!(in_pixels.nsd, Some(1.0));
    }

    #[test]
    fn an_empty_prediction_is_as_far_as_can_be() {
        let measured = ALL.measure(left(0).view(), left(4).view(), Some([4.0, 0.75]));
        // (3 · 4, 12 · 0.75) = (12, 9)
        assert_eq!((measured.hd95, measured.assd), (Some(15.0), Some(15.0)));
        assert_eq!(
            (measured.boundary_iou, measured.nsd),
            (Some(0.0), Some(0.0))
        );
    }
}
