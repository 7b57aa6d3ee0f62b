//! How attention is cut into cubes and blocks of keys. See [`Blueprint`].

use crate::gpu::{Class, Gpu, MATRIX, MATRIX_PLANE};

/// Attention's compile-time choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Blueprint {
    /// How keys and values reach the units.
    pub(super) exchange: Exchange,
    /// Units of a cube.
    pub(super) units: u32,
    /// Queries of a cube.
    pub(super) queries: usize,
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
    /// The cube loads them into shared memory, from where tensor cores take them.
    Matrix,
}

/// The most channels of a head whose matrices leave room in 48 KiB of shared memory.
const MOST_MATRIX_CHANNELS: usize = 192;

impl Blueprint {
    /// Chooses for a device, its precision, and the channels of a head.
    pub(super) fn of(gpu: &Gpu, head_dim: usize) -> Self {
        let tensor_cores = gpu.has_tensor_cores(gpu.precision());
        match gpu.class() {
            Class::Software { plane } => Self {
                exchange: Exchange::Broadcast,
                units: plane,
                queries: plane as usize,
                // About 256 multiply-adds per product: long enough, and quick to compile.
                block: (256 / head_dim.max(1)).clamp(1, 16),
                tile: 0,
            },
            // 4 planes of 16 queries. With 64 channels, 18 KiB of keys and values and 27 KiB of
            // scores and weights; with more channels, half as many keys.
            Class::Hardware if tensor_cores && head_dim <= MOST_MATRIX_CHANNELS => {
                let tile = if head_dim > 64 { 32 } else { 64 };
                Self {
                    exchange: Exchange::Matrix,
                    units: 4 * MATRIX_PLANE,
                    queries: 4 * MATRIX,
                    block: tile,
                    tile,
                }
            }
            // 16 keys and values of 128 channels are 16 KiB of shared memory, which every device
            // has.
            Class::Hardware => Self {
                exchange: Exchange::Shared,
                units: 64,
                queries: 64,
                block: 4,
                tile: if head_dim > 64 { 16 } else { 32 },
            },
        }
    }
}
