//! What is asked of a distance transform. See [`Metric`].

/// How the length of a way between two pixels is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Steps of the 3×3 neighbourhood: 0.955 along an axis, 1.3693 along a diagonal
    /// (OpenCV's `DIST_L2` with mask size 3).
    Chamfer3,
    /// Steps of the 5×5 neighbourhood: 1, 1.4, and 2.1969 for a knight's move
    /// (OpenCV's `DIST_L2` with mask size 5).
    Chamfer5,
    /// Euclidean, without approximation (OpenCV's `DIST_L2` with mask size 0).
    Exact,
}

/// The length of one step by direction, in pixels. Sums of steps are rounded to `f32`, as by OpenCV.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    /// To one of the four neighbours.
    pub(super) axis: f32,
    /// To one of the four diagonal neighbours.
    pub(super) diagonal: f32,
    /// Two along one axis and one along the other.
    pub(super) knight: f32,
}

/// OpenCV's weights of the 3×3 neighbourhood, which has no knight's move.
pub(super) const CHAMFER3: Steps = Steps {
    axis: 0.955,
    diagonal: 1.3693,
    knight: f32::INFINITY,
};

/// OpenCV's weights of the 5×5 neighbourhood.
pub(super) const CHAMFER5: Steps = Steps {
    axis: 1.0,
    diagonal: 1.4,
    knight: 2.1969,
};

/// Squared distances from here on mean that nothing is outside the mask: no image is so large.
pub(super) const NO_OUTSIDE: u64 = 1 << 62;

/// Returns a squared distance in pixels.
pub(super) fn root(squared: u64) -> f32 {
    if squared >= NO_OUTSIDE {
        f32::INFINITY
    } else {
        (squared as f64).sqrt() as f32
    }
}
