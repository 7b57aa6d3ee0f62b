//! How a product is cut into cubes and registers. See [`Blueprint`].

use crate::{
    Precision,
    gpu::{Class, Gpu, MATRIX, MATRIX_PLANE},
};

/// A product's compile-time choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Blueprint {
    /// A plane per cube, values handed round by broadcast: no shared memory, no barrier.
    Plane(PlaneTile),
    /// Tiles of both operands in shared memory, outputs in the units' registers.
    Tile(SharedTile),
    /// Tiles of both operands in shared memory, outputs in the planes' tensor cores.
    Matrix(MatrixTile),
}

/// What one plane computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PlaneTile {
    /// Units of the plane.
    pub(crate) plane: u32,
    /// Output rows of the plane; each unit has all of them.
    pub(crate) rows: usize,
    /// Output columns of a unit, `plane` apart.
    pub(crate) columns: usize,
}

/// What one cube computes: `units`² units with a square of `vectors`² blocks of 4 × 4 outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SharedTile {
    /// Units along each side of the cube; also the depth of the tiles in shared memory.
    pub(crate) units: usize,
    /// Blocks of a unit along each side, `4 · units` apart.
    pub(crate) vectors: usize,
}

/// What one cube computes on tensor cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MatrixTile {
    /// Planes down and across the cube.
    pub(crate) planes: [usize; 2],
    /// 16 × 16 matrices of outputs down and across a plane.
    pub(crate) matrices: [usize; 2],
    /// Depth of the tiles in shared memory; a multiple of 16.
    pub(crate) depth: usize,
}

impl SharedTile {
    /// Returns the side of the cube's square of outputs.
    pub(crate) fn side(self) -> usize {
        4 * self.units * self.vectors
    }
}

impl MatrixTile {
    /// Returns the rows and columns of the cube's outputs.
    pub(crate) fn sides(self) -> [usize; 2] {
        [0, 1].map(|axis| self.planes[axis] * self.matrices[axis] * MATRIX)
    }

    /// Returns the units of the cube.
    pub(crate) fn units(self) -> usize {
        self.planes[0] * self.planes[1] * MATRIX_PLANE as usize
    }
}

/// Cubes that keep a large graphics processor busy.
const MANY_CUBES: usize = 128;

/// The side of the largest square of outputs that a cube computes.
const LARGEST_SIDE: usize = 128;

impl Blueprint {
    /// Chooses for a device, a precision of weights, and the outputs' rows and columns.
    pub(crate) fn of(gpu: &Gpu, precision: Precision, [rows, columns]: [usize; 2]) -> Self {
        // Large tiles read less, small ones share the work among more cubes.
        let large = rows.div_ceil(LARGEST_SIDE) * columns.div_ceil(LARGEST_SIDE) >= MANY_CUBES;
        match gpu.class() {
            // 24 accumulators: with AVX2 or AVX-512 and 8 lanes they stay in vector registers.
            Class::Software { plane } => Self::Plane(PlaneTile {
                plane,
                rows: 12,
                columns: 2,
            }),
            // 8 planes; 19 KiB of operands and 8 KiB for the way back from the tensor cores.
            Class::Hardware if gpu.has_tensor_cores(precision) => Self::Matrix(MatrixTile {
                planes: if large { [4, 2] } else { [2, 4] },
                matrices: if large { [2, 4] } else { [2, 1] },
                depth: 32,
            }),
            // 256 units; 64² outputs with 8 KiB, or 128² with 16 KiB of shared memory.
            Class::Hardware => Self::Tile(SharedTile {
                units: 16,
                vectors: if large { 2 } else { 1 },
            }),
        }
    }

    /// Returns the multiples to which packed weights are padded with zeros: depth of a run and
    /// columns. All blueprints of a device and a precision can read them.
    pub(crate) fn padding(gpu: &Gpu, precision: Precision) -> [usize; 2] {
        match Self::of(gpu, precision, [0, 0]) {
            Self::Plane(tile) => [tile.plane as usize, tile.plane as usize * tile.columns],
            Self::Tile(tile) => [tile.units, LARGEST_SIDE],
            Self::Matrix(tile) => [tile.depth, LARGEST_SIDE],
        }
    }
}
