//! What a resize is asked: shapes and choices, no data. See [`Resize`].

use std::fmt;

use crate::{KernelError, Tensor};

/// To what size, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resize {
    /// Height and width of the whole resized image.
    pub size: [usize; 2],
    /// Height and width of its top left part that is computed and kept.
    pub keep: [usize; 2],
    /// Whether the centres of the corner pixels, instead of the corners of the images, coincide.
    pub align_corners: bool,
}

impl Resize {
    /// Resizes to `size` with half-pixel centres and keeps all.
    pub fn to(size: [usize; 2]) -> Self {
        Self {
            size,
            keep: size,
            align_corners: false,
        }
    }

    /// Computes only the top left `[height, width]` of the result.
    #[must_use]
    pub fn keep(self, keep: [usize; 2]) -> Self {
        Self { keep, ..self }
    }

    /// Lets the centres of the corner pixels coincide.
    #[must_use]
    pub fn align_corners(self) -> Self {
        Self {
            align_corners: true,
            ..self
        }
    }
}

/// The shape of a resize's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResizeProblem {
    /// Images.
    pub batch: usize,
    /// Height and width of the input.
    pub from: [usize; 2],
    /// Channels.
    pub channels: usize,
    /// The output.
    pub to: Resize,
}

impl fmt::Display for ResizeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([height, width], [to_height, to_width]) = (self.from, self.to.size);
        let Self {
            batch, channels, ..
        } = self;
        write!(
            f,
            "{batch}×{height}×{width}×{channels}→{to_height}×{to_width}"
        )
    }
}

impl ResizeProblem {
    /// Checks that the arguments fit.
    pub(super) fn new(x: &Tensor, to: Resize) -> Result<Self, KernelError> {
        let kept = to.keep[0] <= to.size[0] && to.keep[1] <= to.size[1];
        match *x.shape() {
            [batch, height, width, channels] if kept && height > 0 && width > 0 => Ok(Self {
                batch,
                from: [height, width],
                channels,
                to,
            }),
            _ => Err(KernelError::shape(
                "resize_bilinear",
                "x",
                x.shape(),
                format!(
                    "[n, height, width, c] with pixels, and {to:?} to keep no more than it has"
                ),
            )),
        }
    }

    /// Returns the result's shape.
    pub(super) fn shape(&self) -> Vec<usize> {
        let [height, width] = self.to.keep;
        vec![self.batch, height, width, self.channels]
    }

    /// Returns the two samples of axis 0 or 1 that output `index` lies between, and the weight of
    /// the second. In `f32`, as PyTorch computes it.
    pub fn sample(&self, axis: usize, index: usize) -> ([usize; 2], f32) {
        let (from, to) = (self.from[axis], self.to.size[axis]);
        let position = if self.to.align_corners {
            let scale = if to > 1 {
                (from - 1) as f32 / (to - 1) as f32
            } else {
                0.0
            };
            index as f32 * scale
        } else {
            let scale = from as f32 / to as f32;
            ((index as f32 + 0.5) * scale - 0.5).max(0.0)
        };
        let first = (position as usize).min(from - 1);
        let weight = (position - first as f32).clamp(0.0, 1.0);
        ([first, (first + 1).min(from - 1)], weight)
    }
}
