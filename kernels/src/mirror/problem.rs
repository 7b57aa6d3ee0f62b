//! What mirroring is asked: shapes, no data. See [`MirrorProblem`].

use std::fmt;

use crate::{KernelError, Tensor};

/// The shape of a mirroring's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MirrorProblem {
    /// Rows of all images.
    pub rows: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

impl fmt::Display for MirrorProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.rows, self.width, self.channels)
    }
}

impl MirrorProblem {
    /// Checks that the argument is a batch of images.
    pub(super) fn new(x: &Tensor) -> Result<Self, KernelError> {
        match *x.shape() {
            [batch, height, width, channels] => Ok(Self {
                rows: batch * height,
                width,
                channels,
            }),
            _ => Err(KernelError::shape(
                "mirror",
                "x",
                x.shape(),
                "[n, height, width, c]",
            )),
        }
    }
}
