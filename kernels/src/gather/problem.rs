//! What a gather is asked: shapes, no data. See [`GatherProblem`].

use std::fmt;

use crate::{KernelError, Tensor};

/// The shape of a gather's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GatherProblem {
    /// Images.
    pub batch: usize,
    /// Pixels of an image, at least one.
    pub pixels: usize,
    /// Channels.
    pub channels: usize,
}

impl fmt::Display for GatherProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.batch, self.pixels, self.channels)
    }
}

impl GatherProblem {
    /// Checks that the arguments fit.
    pub(super) fn new(x: &Tensor, logits: &Tensor) -> Result<Self, KernelError> {
        x.device().check("gather", [logits.device()])?;
        let [batch, inner @ .., channels] = x.shape() else {
            let expected = "[n, …, channels]";
            return Err(KernelError::shape("gather", "x", x.shape(), expected));
        };
        let pixels: usize = inner.iter().product();
        if pixels == 0 {
            return Err(KernelError::shape("gather", "x", x.shape(), "pixels"));
        }
        let expected = [&[*batch], inner, &[1]].concat();
        if logits.shape() != expected {
            let expected = format!("{expected:?}");
            return Err(KernelError::shape(
                "gather",
                "logits",
                logits.shape(),
                expected,
            ));
        }
        Ok(Self {
            batch: *batch,
            pixels,
            channels: *channels,
        })
    }
}
