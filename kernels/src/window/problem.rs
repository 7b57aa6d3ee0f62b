//! What a partition into windows is asked: shapes, no data. See [`WindowProblem`].

use std::fmt;

use crate::{KernelError, Tensor};

/// The shapes of images and their windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WindowProblem {
    /// Images.
    pub batch: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Side of a window.
    pub window: usize,
}

impl fmt::Display for WindowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            batch,
            height,
            width,
            channels,
            window,
        } = self;
        write!(f, "{batch}×{height}×{width}×{channels} by {window}")
    }
}

impl WindowProblem {
    /// Checks the arguments of a partition.
    pub(super) fn of_image(
        x: &Tensor,
        window: usize,
        padding: &Tensor,
    ) -> Result<Self, KernelError> {
        let error = |argument, x: &Tensor, expected| {
            KernelError::shape("partition_windows", argument, x.shape(), expected)
        };
        x.device().check("partition_windows", [padding.device()])?;
        let &[batch, height, width, channels] = x.shape() else {
            return Err(error("x", x, "[n, height, width, c]".to_owned()));
        };
        if window == 0 {
            let expected = "a window of one token or more".to_owned();
            return Err(error("x", x, expected));
        }
        if padding.shape() != [channels] {
            return Err(error("padding", padding, format!("[{channels}]")));
        }
        Ok(Self {
            batch,
            height,
            width,
            channels,
            window,
        })
    }

    /// Checks the arguments of a merge.
    pub(super) fn of_windows(x: &Tensor, [height, width]: [usize; 2]) -> Result<Self, KernelError> {
        let error = || {
            KernelError::shape(
                "merge_windows",
                "x",
                x.shape(),
                format!("[n · windows, window, window, c] of images of {height} × {width}"),
            )
        };
        match *x.shape() {
            [count, window, side, channels] if window > 0 && window == side => {
                let per_image = height.div_ceil(window) * width.div_ceil(window);
                if per_image == 0 || !count.is_multiple_of(per_image) {
                    return Err(error());
                }
                Ok(Self {
                    batch: count / per_image,
                    height,
                    width,
                    channels,
                    window,
                })
            }
            _ => Err(error()),
        }
    }

    /// Returns how many windows an image has along each axis.
    pub fn grid(&self) -> [usize; 2] {
        [
            self.height.div_ceil(self.window),
            self.width.div_ceil(self.window),
        ]
    }

    /// Returns the shape of all windows.
    pub(super) fn windows_shape(&self) -> Vec<usize> {
        let [rows, columns] = self.grid();
        let count = self.batch * rows * columns;
        vec![count, self.window, self.window, self.channels]
    }

    /// Returns the shape of the images.
    pub(super) fn image_shape(&self) -> Vec<usize> {
        vec![self.batch, self.height, self.width, self.channels]
    }

    /// Returns where the token `(a, b)` of a window lies in its image, and the image; `None` in
    /// the padding.
    pub(super) fn token(&self, window: usize, [a, b]: [usize; 2]) -> Option<[usize; 3]> {
        let [rows, columns] = self.grid();
        let y = window / columns % rows * self.window + a;
        let x = window % columns * self.window + b;
        (y < self.height && x < self.width).then_some([window / (rows * columns), y, x])
    }
}
