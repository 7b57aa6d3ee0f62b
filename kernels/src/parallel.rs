//! Handing rows to threads. See [`for_rows`].

use rayon::prelude::*;

/// Numbers that one task writes at least: small enough to share, large enough to pay for handing
/// it over.
const TASK: usize = 1 << 14;

/// Calls `write` with the index and the content of each row of `out`, in parallel where there are
/// enough of them.
pub(crate) fn for_rows(out: &mut [f32], row: usize, write: impl Fn(usize, &mut [f32]) + Sync) {
    for_row_blocks(out, row, |first, block| {
        for (i, out) in block.chunks_mut(row).enumerate() {
            write(first + i, out);
        }
    });
}

/// Calls `write` with runs of whole rows of `out` and the index of each run's first row.
pub(crate) fn for_row_blocks(
    out: &mut [f32],
    row: usize,
    write: impl Fn(usize, &mut [f32]) + Sync,
) {
    if out.is_empty() {
        return;
    }
    let rows = TASK.div_ceil(row);
    if out.len() <= rows * row {
        return write(0, out);
    }
    out.par_chunks_mut(rows * row)
        .enumerate()
        .for_each(|(block, out)| write(block * rows, out));
}
