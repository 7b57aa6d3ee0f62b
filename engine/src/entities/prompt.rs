//! What is shown to a model. Coordinates are pixels of the slice: x is the column, y the row.

use serde::{Deserialize, Serialize};

/// A click on one pixel of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    /// Column, from 0 at the left.
    pub x: u32,
    /// Row, from 0 at the top.
    pub y: u32,
    /// True for «this is the object», false for «this is not».
    pub positive: bool,
}

/// A box on a slice; all four are inclusive pixel indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelBox {
    /// Leftmost column.
    pub x0: u32,
    /// Topmost row.
    pub y0: u32,
    /// Rightmost column.
    pub x1: u32,
    /// Bottommost row.
    pub y1: u32,
}

/// What a model is given in one call. A prompt of several boxes is several calls whose masks are united.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The clicks, oldest first.
    pub clicks: Vec<Click>,
    /// At most one box.
    pub bounds: Option<PixelBox>,
}
