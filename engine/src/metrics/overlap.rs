//! Pixel counts of a prediction against the truth, and the ratios made of them. See [`Overlap`].

use ndarray::{ArrayView, Dimension};

/// How many pixels a prediction and the truth have, and share.
///
/// All four ratios lie in `[0, 1]` and follow one rule where a count is zero:
///
/// | prediction | truth | IoU, Dice, precision, recall |
/// |---|---|---|
/// | empty | empty | NaN: there is nothing to measure, and means leave it out |
/// | exactly one is empty | | 0, so that a model which finds nothing does not drop out of a mean |
///
/// The study's code returns −1 for an empty union. A task's truth is never empty here, so neither
/// that nor NaN can reach a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Pixels in both.
    pub intersection: u64,
    /// Pixels predicted.
    pub predicted: u64,
    /// Pixels of the object.
    pub truth: u64,
}

impl Overlap {
    /// Counts two bitmaps of one shape (any number of dimensions).
    ///
    /// # Panics
    /// When the shapes differ: both bitmaps are of the same slice by construction.
    pub fn of<D: Dimension>(
        predicted: ArrayView<'_, bool, D>,
        truth: ArrayView<'_, bool, D>,
    ) -> Self {
        assert_eq!(
            predicted.shape(),
            truth.shape(),
            "bitmaps of different slices"
        );
        let (predicted, truth) = (predicted.as_standard_layout(), truth.as_standard_layout());
        count(
            predicted.as_slice().expect("it is in standard layout"),
            truth.as_slice().expect("it is in standard layout"),
        )
    }

    /// Returns the pixels in either.
    pub fn union(self) -> u64 {
        self.predicted + self.truth - self.intersection
    }

    /// Returns intersection over union (Jaccard index).
    pub fn iou(self) -> f64 {
        self.ratio(self.intersection, self.union())
    }

    /// Returns 2 |P ∩ T| / (|P| + |T|) (Dice coefficient, F1).
    pub fn dice(self) -> f64 {
        self.ratio(2 * self.intersection, self.predicted + self.truth)
    }

    /// Returns the share of the prediction that is right.
    pub fn precision(self) -> f64 {
        self.ratio(self.intersection, self.predicted)
    }

    /// Returns the share of the object that was found (sensitivity).
    pub fn recall(self) -> f64 {
        self.ratio(self.intersection, self.truth)
    }

    fn ratio(self, part: u64, whole: u64) -> f64 {
        match (self.union(), part) {
            (0, _) => f64::NAN,
            (_, 0) => 0.0,
            _ => part as f64 / whole as f64,
        }
    }
}

/// The longest run whose count fits in a byte, in whole vectors of 32: byte sums fill every lane.
const RUN: usize = 224;

fn count(predicted: &[bool], truth: &[bool]) -> Overlap {
    let mut overlap = Overlap::default();
    for (predicted, truth) in predicted.chunks(RUN).zip(truth.chunks(RUN)) {
        let both: u8 = predicted
            .iter()
            .zip(truth)
            .map(|(&p, &t)| u8::from(p & t))
            .sum();
        let predicted: u8 = predicted.iter().map(|&p| u8::from(p)).sum();
        let truth: u8 = truth.iter().map(|&t| u8::from(t)).sum();
        overlap.intersection += u64::from(both);
        overlap.predicted += u64::from(predicted);
        overlap.truth += u64::from(truth);
    }
    overlap
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};
    use proptest::prelude::*;

    fn bitmap(rows: usize, columns: usize, bits: &[bool]) -> Array2<bool> {
        Array2::from_shape_fn((rows, columns), |(y, x)| {
            bits[(y * columns + x) % bits.len()]
        })
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "0 and 1 by definition, not by rounding")]
    fn empty_bitmaps_follow_the_table() {
        let (none, all) = (
            Array2::from_elem((3, 5), false),
            Array2::from_elem((3, 5), true),
        );
        let ratios = |p: &Array2<bool>, t: &Array2<bool>| {
            let o = Overlap::of(p.view(), t.view());
            [o.iou(), o.dice(), o.precision(), o.recall()]
        };
        assert!(ratios(&none, &none).iter().all(|value| value.is_nan()));
        assert_eq!(ratios(&none, &all), [0.0; 4]);
        assert_eq!(ratios(&all, &none), [0.0; 4]);
        assert_eq!(ratios(&all, &all), [1.0; 4]);
    }

    #[test]
    fn long_runs_do_not_overflow_a_byte() {
        let all = Array2::from_elem((100, 300), true);
        let overlap = Overlap::of(all.view(), all.view());
        assert_eq!(
            (overlap.intersection, overlap.predicted, overlap.truth),
            (30_000, 30_000, 30_000)
        );
    }

    #[test]
    fn views_that_are_not_contiguous_count_the_same() {
        let big = Array2::from_shape_fn((9, 11), |(y, x)| (3 * y + x) % 4 == 0);
        let view = big.slice(s![1..;2, ..;3]);
        let copy = view.to_owned();
        assert_eq!(
            Overlap::of(view, view),
            Overlap::of(copy.view(), copy.view())
        );
    }

    proptest! {
        #[test]
        fn ratios_are_bounded_and_symmetric(
            rows in 1usize..40, columns in 1usize..40,
            p in prop::collection::vec(any::<bool>(), 1..50),
            t in prop::collection::vec(any::<bool>(), 1..50),
        ) {
            let (p, t) = (bitmap(rows, columns, &p), bitmap(rows, columns, &t));
            let (a, b) = (Overlap::of(p.view(), t.view()), Overlap::of(t.view(), p.view()));
            let intersection = p.iter().zip(&t).filter(|&(&p, &t)| p && t).count() as u64;
            prop_assert_eq!(a.intersection, intersection);
            prop_assert_eq!(a.union(), b.union());
            if a.union() > 0 {
                prop_assert!((0.0..=1.0).contains(&a.iou()));
                prop_assert!(a.iou() <= a.dice());
                prop_assert_eq!(a.dice().to_bits(), b.dice().to_bits());
                prop_assert_eq!(a.precision().to_bits(), b.recall().to_bits());
            }
        }
    }
}
