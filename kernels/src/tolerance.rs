//! How far a device's result may be from the reference. See [`Tolerance`].
//!
//! The references sum in `f64` and round once, so a difference is the device's own rounding. All
//! tolerances are for inputs of magnitude 1 whose results have magnitude 1 too, as the catalogue's
//! problems are posed: weights are scaled by the root of the number of terms.

use crate::Precision;

/// The rounding of one `f32` operation on numbers of magnitude 1: 2⁻²⁴.
const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;

/// A bound on `|result − reference|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Allowed whatever the reference.
    pub absolute: f64,
}

impl Tolerance {
    /// For copies and single operations: nothing is rounded differently.
    pub const EXACT: Self = Self { absolute: 0.0 };

    /// For layer norm: sums of a few hundred equal signs in lanes and a tree, a root and a quotient;
    /// results reach a magnitude of about 5.
    pub const NORM: Self = Self::roundings(64.0);

    /// For activations alone: the fits are good to 3e-7, see `simd`.
    pub const ACTIVATION: Self = Self::roundings(8.0);

    /// For bilinear resizing: three interpolations of three roundings each.
    pub const RESIZE: Self = Self::roundings(9.0);

    /// For gathers: weights good to 2e-7 and means of values of magnitude 1, in blocks of a thousand.
    pub const GATHER: Self = Self::roundings(64.0);

    /// For attention: a score of magnitude up to 4 is a sum of `head_dim` products; an error there
    /// is a relative error of a weight, as is that of the exponential, and a result averages
    /// values of magnitude 1. Weights that are rounded to a coarser precision err by its roundoff
    /// each, and so at most does their average.
    pub fn attention(head_dim: usize, precision: Precision) -> Self {
        let f32 = Self::roundings(32.0 + 4.0 * (head_dim as f64).sqrt());
        Self {
            absolute: f32.absolute + precision.roundoff(),
        }
    }

    /// For a chain of `terms` multiply-adds with bias, residual and activation: every partial sum
    /// is rounded, the errors add up like a random walk, and a walk of six standard deviations is
    /// not seen among the millions of elements compared.
    pub fn sum(terms: usize) -> Self {
        Self::roundings(8.0 + 6.0 * (terms as f64).sqrt())
    }

    /// Returns whether `result` is close enough to `reference`; NaN and infinities must agree.
    pub fn accepts(&self, result: f32, reference: f32) -> bool {
        if result.is_finite() && reference.is_finite() {
            (f64::from(result) - f64::from(reference)).abs() <= self.absolute
        } else {
            result.total_cmp(&reference).is_eq() || (result.is_nan() && reference.is_nan())
        }
    }

    const fn roundings(count: f64) -> Self {
        Self {
            absolute: count * ROUNDING,
        }
    }
}
