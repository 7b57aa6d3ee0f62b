//! What a layer norm is asked: shapes, no data. See [`NormProblem`].

use std::fmt;

use super::NormWeights;
use crate::{KernelError, Tensor};

/// The shape of a layer norm's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NormProblem {
    /// Rows, each normalised by itself.
    pub rows: usize,
    /// Elements of a row.
    pub channels: usize,
}

impl fmt::Display for NormProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.rows, self.channels)
    }
}

impl NormProblem {
    /// Checks that the arguments fit.
    pub(super) fn new(x: &Tensor, weights: &NormWeights) -> Result<Self, KernelError> {
        x.device().check("norm", [&weights.device])?;
        let channels = weights.weight.len();
        if x.shape().last() != Some(&channels) {
            let expected = format!("[…, {channels}]");
            return Err(KernelError::shape("norm", "x", x.shape(), expected));
        }
        Ok(Self {
            rows: x.len() / channels,
            channels,
        })
    }
}
