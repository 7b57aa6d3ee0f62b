//! The matrix product that linear layers and convolutions share: `C = activation(A B + bias + R)`.
//!
//! `B` holds weights and is packed once into [`Panels`]: groups of columns as wide as a register
//! tile, each stored row after row, so that the innermost loop reads it in order. `A` stays where
//! it is; a [`Source`] says where each of its rows lies, in segments, which makes a convolution a
//! product over the image itself. A tile of `C` stays in registers over the whole of `A`'s row:
//! every element is one chain of fused multiply-adds in the order of that row, then bias,
//! residual, activation. So its bits depend on its row of `A` and its column of `B` alone, not on
//! the number of rows, their position, or the threads.
//!
//! In `bfloat16` both operands are rounded and packed in pairs along the summed axis, `B` once and
//! each block of `A` on the way, and the chain takes a pair at each step.

mod block;
mod panels;
mod source;
mod tile;

pub(crate) use block::Block;
pub(crate) use panels::Panels;
pub(crate) use source::Source;

use rayon::prelude::*;

use crate::{Activation, device::Cpu};

/// How much of `A` a block of rows may span, in bytes: it is read again for each panel, so it
/// should stay in a core's second-level cache beside the panel.
const BLOCK_BYTES: usize = 256 << 10;

/// Most rows of a block.
const BLOCK_ROWS: usize = 192;

/// Below this many multiply-adds a product is not worth waking another thread for.
const SEQUENTIAL: usize = 1 << 17;

/// Computes `out`, `[rows, B's columns]`, row by row.
pub(crate) fn gemm(
    cpu: &Cpu,
    source: &Source<'_>,
    panels: &Panels,
    residual: Option<&[f32]>,
    activation: Activation,
    out: &mut [f32],
) {
    let columns = panels.columns();
    if out.is_empty() {
        return;
    }
    let rows = out.len() / columns;
    let block_rows = block_rows(rows, panels);
    let run = |(block, out): (usize, &mut [f32])| {
        let first = block * block_rows;
        panels.isa().run(Block {
            cpu,
            source,
            panels,
            residual: residual.map(|r| &r[first * columns..][..out.len()]),
            activation,
            first_row: first,
            out,
        });
    };
    if rows * panels.rows() * columns < SEQUENTIAL {
        out.chunks_mut(block_rows * columns)
            .enumerate()
            .for_each(run);
    } else {
        out.par_chunks_mut(block_rows * columns)
            .enumerate()
            .for_each(run);
    }
}

/// Returns how many rows one task computes: what the cache holds, but few enough that every
/// thread gets some, and a multiple of the tile's.
fn block_rows(rows: usize, panels: &Panels) -> usize {
    let cached = BLOCK_BYTES / panels.row_bytes().max(1);
    let shared = rows.div_ceil(4 * rayon::current_num_threads());
    cached
        .min(BLOCK_ROWS)
        .min(shared)
        .max(1)
        .next_multiple_of(tile::ROWS)
}
