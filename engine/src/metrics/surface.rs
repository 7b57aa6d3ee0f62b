//! How far two outlines are apart. See [`Distances`].

use kernels::distance::to_nearest;
use ndarray::{ArrayView2, Zip, s};

use super::{
    boundary::{bounds, edge},
    percentile,
};

/// The share of the distances that HD95 looks at.
const NINETY_FIVE: f64 = 0.95;

/// The distances from each edge pixel of one mask to the nearest edge pixel of the other.
///
/// A mask's edge are its pixels with a neighbour above, below, left or right that is not in the mask;
/// what is outside the slice is not. Distances are between pixel centres, in the unit of the spacing.
/// Every edge pixel weighs the same (as in MONAI; the package `surface-distance` weighs by length).
///
/// | prediction | truth | distances |
/// |---|---|---|
/// | empty | any | none: there is no edge to measure from. [`Wanted::measure`](super::Wanted::measure) says what stands in |
/// | one pixel | | that pixel is the edge |
/// | the whole slice | | the outermost pixels are the edge |
#[derive(Clone, Debug, PartialEq)]
pub struct Distances {
    /// From the prediction's edge to the truth's, ascending.
    pub from_prediction: Vec<f64>,
    /// From the truth's edge to the prediction's, ascending.
    pub from_truth: Vec<f64>,
}

impl Distances {
    /// Measures two bitmaps, `[height, width]` each, whose rows and columns are `spacing` apart;
    /// `None` if one of them is empty.
    ///
    /// # Panics
    /// When the shapes differ: both bitmaps are of the same slice by construction.
    pub fn between(
        predicted: ArrayView2<'_, bool>,
        truth: ArrayView2<'_, bool>,
        spacing: [f64; 2],
    ) -> Option<Self> {
        assert_eq!(predicted.dim(), truth.dim(), "bitmaps of different slices");
        let (p, t) = (bounds(predicted)?, bounds(truth)?);
        // Every edge pixel is in this box, so that nothing outside can be nearest.
        let rows = p.0.start.min(t.0.start)..p.0.end.max(t.0.end);
        let columns = p.1.start.min(t.1.start)..p.1.end.max(t.1.end);
        let edge = |mask: ArrayView2<'_, bool>| edge(mask.slice(s![rows.clone(), columns.clone()]));
        let (predicted, truth) = (edge(predicted), edge(truth));
        let from = |one: &ndarray::Array2<bool>, other: &ndarray::Array2<bool>| {
            let mut distances = Vec::new();
            Zip::from(one)
                .and(&to_nearest(other.view(), spacing))
                .for_each(|&is_edge, &distance| {
                    if is_edge {
                        distances.push(distance);
                    }
                });
            distances.sort_unstable_by(f64::total_cmp);
            distances
        };
        Some(Self {
            from_prediction: from(&predicted, &truth),
            from_truth: from(&truth, &predicted),
        })
    }

    /// Returns the 95th percentile of the Hausdorff distance: the larger of the two directions'
    /// percentiles, each between neighbouring values by straight lines (NumPy's default).
    pub fn hd95(&self) -> f64 {
        f64::max(
            percentile(&self.from_prediction, NINETY_FIVE),
            percentile(&self.from_truth, NINETY_FIVE),
        )
    }

    /// Returns the average symmetric surface distance: the mean over the edge pixels of both.
    pub fn assd(&self) -> f64 {
        let sum: f64 = self.from_prediction.iter().chain(&self.from_truth).sum();
        sum / self.count()
    }

    /// Returns the normalised surface distance (surface Dice; Nikolov et al., *Clinically Applicable
    /// Segmentation of Head and Neck Anatomy*, 2021): the share of all edge pixels that are at most
    /// `tolerance` from the other edge.
    pub fn nsd(&self, tolerance: f64) -> f64 {
        let near = |distances: &[f64]| distances.partition_point(|&distance| distance <= tolerance);
        (near(&self.from_prediction) + near(&self.from_truth)) as f64 / self.count()
    }

    fn count(&self) -> f64 {
        (self.from_prediction.len() + self.from_truth.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use proptest::prelude::*;

    fn pixels(marked: &[(usize, usize)]) -> Array2<bool> {
        let mut mask = Array2::from_elem((7, 9), false);
        for &place in marked {
            mask[place] = true;
        }
        mask
    }

    fn between(one: &Array2<bool>, other: &Array2<bool>) -> Option<Distances> {
        Distances::between(one.view(), other.view(), [2.0, 0.5])
    }

    #[test]
    fn one_pixel_is_its_own_edge() {
        let distances = between(&pixels(&[(1, 1)]), &pixels(&[(2, 5)])).expect("both have one");
        let expected = 8.0_f64.sqrt();
        for value in [distances.hd95(), distances.assd()] {
            assert!((value - expected).abs() < 1e-12, "{distances:?}");
        }
        assert!(distances.nsd(2.8) < 1e-12 && distances.nsd(2.9) > 1.0 - 1e-12);
    }

    #[test]
    fn the_whole_slice_has_its_outermost_pixels_as_edge() {
        let all = Array2::from_elem((7, 9), true);
        let distances = between(&all, &all).expect("both are full");
        assert_eq!(distances.from_truth, vec![0.0; 2 * 9 + 2 * 5]);
        let centre = between(&pixels(&[(3, 4)]), &all).expect("both have pixels");
        assert!(
            (centre.from_prediction[0] - 2.0).abs() < 1e-12,
            "{centre:?}"
        );
    }

    #[test]
    fn an_empty_mask_has_no_edge() {
        let (none, one) = (pixels(&[]), pixels(&[(3, 3)]));
        assert_eq!(between(&none, &one), None);
        assert_eq!(between(&one, &none), None);
        assert_eq!(between(&none, &none), None);
    }

    proptest! {
        #[test]
        fn both_ways_are_the_same(bits in prop::collection::vec(any::<bool>(), 126)) {
            let [one, other] = [&bits[..63], &bits[63..]].map(|bits| {
                Array2::from_shape_vec((7, 9), bits.to_vec()).expect("63 pixels")
            });
            prop_assume!(one.iter().any(|&p| p) && other.iter().any(|&p| p));
            let (there, back) = (between(&one, &other), between(&other, &one));
            let (there, back) = (there.expect("both"), back.expect("both"));
            prop_assert!((there.hd95() - back.hd95()).abs() < 1e-12);
            prop_assert!((there.assd() - back.assd()).abs() < 1e-12);
            prop_assert!((there.nsd(1.0) - back.nsd(1.0)).abs() < 1e-12);
            prop_assert!(there.assd() <= there.from_truth.last().copied().unwrap_or(0.0).max(
                there.from_prediction.last().copied().unwrap_or(0.0)));
        }
    }
}
