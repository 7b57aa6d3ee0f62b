//! The 8-connected regions of a mask. See [`Regions`].

use bevy_ecs::prelude::*;
use ndarray::Array2;

use super::PixelBox;

/// The 8-connected regions of a bitmap, largest first; of equal areas the one found later in
/// raster order comes first, as in the study's code.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Regions {
    /// `[height, width]`: 0 outside, else the region's number in raster order, from 1.
    pub labels: Array2<u32>,
    /// Sorted: largest first.
    pub by_area: Vec<Region>,
}

/// One region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its value in [`Regions::labels`].
    pub label: u32,
    /// In pixels.
    pub area: usize,
    /// The tight box.
    pub bounds: PixelBox,
}
