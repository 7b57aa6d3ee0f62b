//! How a product is cut into cubes and registers. See [`Blueprint`].

use crate::gpu::Class;

/// A product's compile-time choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Blueprint {
    /// A plane per cube, values handed round by broadcast: no shared memory, no barrier.
    Plane(PlaneTile),
    /// Tiles of both operands in shared memory.
    Tile(SharedTile),
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

/// What one cube computes: `units`² units with a square of `per_unit`² outputs each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SharedTile {
    /// Units along each side of the cube; also the depth of the tiles in shared memory.
    pub(crate) units: usize,
    /// Outputs of a unit along each side.
    pub(crate) per_unit: usize,
}

impl SharedTile {
    /// Returns the side of the cube's square of outputs.
    pub(crate) fn side(self) -> usize {
        self.units * self.per_unit
    }
}

impl Blueprint {
    /// Chooses for a class of devices.
    pub(crate) fn of(class: Class) -> Self {
        match class {
            // 24 accumulators: with AVX2 or AVX-512 and 8 lanes they stay in vector registers.
            Class::Software { plane } => Self::Plane(PlaneTile {
                plane,
                rows: 12,
                columns: 2,
            }),
            // 256 units, 64 × 64 outputs, 8 KiB of shared memory.
            Class::Hardware => Self::Tile(SharedTile {
                units: 16,
                per_unit: 4,
            }),
        }
    }

    /// Returns the multiples to which packed weights are padded with zeros: depth of a run and
    /// columns.
    pub(crate) fn padding(self) -> [usize; 2] {
        match self {
            Self::Plane(tile) => [tile.plane as usize, tile.plane as usize * tile.columns],
            Self::Tile(tile) => [tile.units, tile.side()],
        }
    }
}
