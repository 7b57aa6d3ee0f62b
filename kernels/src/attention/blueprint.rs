//! How attention is cut into cubes and blocks of keys. See [`Blueprint`].

use crate::gpu::Class;

/// Attention's compile-time choices. A unit has one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Blueprint {
    /// How keys and values reach the units.
    pub(super) exchange: Exchange,
    /// Units, and so queries, of a cube.
    pub(super) units: u32,
    /// Keys between two corrections of the running softmax.
    pub(super) block: usize,
    /// Keys in shared memory at a time; a multiple of `block`.
    pub(super) tile: usize,
}

/// How keys and values reach the units of a cube.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Exchange {
    /// The cube is one plane and hands them round: no shared memory, no barrier.
    Broadcast,
    /// The cube loads them into shared memory.
    Shared,
}

impl Blueprint {
    /// Chooses for a class of devices and the channels of a head.
    pub(super) fn of(class: Class, head_dim: usize) -> Self {
        match class {
            Class::Software { plane } => Self {
                exchange: Exchange::Broadcast,
                units: plane,
                // About 256 multiply-adds per product: long enough, and quick to compile.
                block: (256 / head_dim.max(1)).clamp(1, 16),
                tile: 0,
            },
            // 16 keys and values of 128 channels are 16 KiB of shared memory, which every device
            // has.
            Class::Hardware => Self {
                exchange: Exchange::Shared,
                units: 64,
                block: 4,
                tile: if head_dim > 64 { 16 } else { 32 },
            },
        }
    }
}
