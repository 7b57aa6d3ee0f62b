//! How many cubes of units to launch. See [`over`].

use cubecl::prelude::{CubeCount, CubeDim};

/// Units of a cube of a kernel that gives each unit one element.
pub(crate) const UNITS: u32 = 64;

/// The most cubes along one axis that every device allows.
const MOST: usize = 65_535;

/// Returns the launch of (at least) one unit per element, to be guarded by `ABSOLUTE_POS`.
pub(crate) fn over(elements: usize) -> (CubeCount, CubeDim) {
    let (x, y) = fold(elements.div_ceil(UNITS as usize));
    (CubeCount::Static(x, y, 1), CubeDim::new_1d(UNITS))
}

/// Spreads `count` cubes (at least one) over two axes; a few more than asked for where they do not fit one.
pub(crate) fn fold(count: usize) -> (u32, u32) {
    let rows = count.div_ceil(MOST).max(1);
    (count.div_ceil(rows).max(1) as u32, rows as u32)
}
