//! Attention on the CPU, in tiles with a running softmax (Dao et al. 2022, `FlashAttention`;
//! Milakov and Gimelshein 2018, eqs. 6 to 9).
//!
//! Vectors run over queries: a task holds some vectors of queries, transposed, and walks over the
//! keys in tiles. Scores of a tile are `[key][query]`, so neither the greatest score nor the sum
//! is ever taken across a vector, and keys and values are read where they lie, one number at a
//! time for all queries. A query's result depends on its own vector lane alone.

mod block;
mod positions;

use rayon::prelude::*;

use super::{AttentionProblem, reference::Bias};
use crate::{buffer::Buffer, device::Cpu, parallel};
use block::QueryBlock;

/// Vectors of queries in a task, unless one holds all of them.
const VECTORS: usize = 2;

/// A range of columns of a tensor: its data from the first column on, and the distance of rows.
pub(super) type Rows<'a> = (&'a [f32], usize);

/// A bias, ready to be read with queries as vectors.
#[derive(Debug)]
enum Prepared<'a> {
    /// Nothing is added.
    None,
    /// `[heads, keys, padded queries]`
    Table(Buffer),
    /// The tables as they are in checkpoints.
    RelativePositions { rows: &'a [f32], columns: &'a [f32] },
}

/// Writes the attention of each image and head.
pub(super) fn attention(
    cpu: &Cpu,
    problem: &AttentionProblem,
    [q, k, v]: [Rows<'_>; 3],
    bias: &Bias<'_>,
    out: &mut [f32],
) {
    let channels = problem.heads * problem.head_dim;
    let lanes = cpu.isa.lanes();
    let single = problem.queries <= lanes;
    let block = if single { lanes } else { VECTORS * lanes };
    let bias = match *bias {
        Bias::None => Prepared::None,
        Bias::Table(table) => Prepared::Table(transpose(cpu, problem, table, block)),
        Bias::RelativePositions { rows, columns } => Prepared::RelativePositions { rows, columns },
    };
    if out.is_empty() {
        return;
    }
    out.par_chunks_mut(problem.queries * channels)
        .enumerate()
        .for_each(|(image, out)| {
            out.par_chunks_mut(block * channels)
                .enumerate()
                .for_each(|(i, out)| {
                    cpu.isa.run(QueryBlock {
                        problem,
                        q,
                        k,
                        v,
                        bias: &bias,
                        image,
                        first: i * block,
                        single,
                        out,
                    });
                });
        });
}

/// Returns a bias table as `[heads, keys, queries]`, the queries padded to whole blocks.
fn transpose(cpu: &Cpu, problem: &AttentionProblem, table: &[f32], block: usize) -> Buffer {
    let AttentionProblem { queries, keys, .. } = *problem;
    let padded = queries.next_multiple_of(block);
    let mut transposed = cpu.buffer(problem.heads * keys * padded);
    parallel::for_rows(&mut transposed, padded, |row, out| {
        let (head, key) = (row / keys, row % keys);
        for (query, out) in out.iter_mut().enumerate() {
            // Padding repeats the last query, as the block does.
            let query = query.min(queries - 1);
            *out = table[(head * queries + query) * keys + key];
        }
    });
    transposed
}
