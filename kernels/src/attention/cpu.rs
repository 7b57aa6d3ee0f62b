//! Attention on the CPU, in tiles with a running softmax (Dao et al. 2022, `FlashAttention`;
//! Milakov and Gimelshein 2018, eqs. 6 to 9).
//!
//! Vectors run over queries: a task holds some vectors of queries, transposed, and walks over the
//! keys in tiles. Scores of a tile are `[key][query]`, so neither the greatest score nor the sum
//! is ever taken across a vector. Keys and values are packed once per call, so that the innermost
//! loops read them in order, one number at a time for all queries. A query's result depends on
//! its own vector lane alone.

mod block;
mod pack;
mod positions;
mod tile;

use rayon::prelude::*;

use super::{AttentionProblem, BiasKind, reference::Bias};
use crate::{buffer::Buffer, device::Cpu};
use block::QueryBlock;

/// Vectors of queries in a task, unless one holds all of them.
const VECTORS: usize = 2;

/// A range of columns of a tensor: its data from the first column on, and the distance of rows.
pub(super) type Rows<'a> = (&'a [f32], usize);

/// A bias, ready to be read with queries as vectors.
#[derive(Debug)]
enum Prepared {
    /// Nothing is added.
    None,
    /// `[heads, keys, queries padded to whole blocks]`
    Table(Buffer),
    /// The tables of rows and columns, packed as keys are.
    RelativePositions([Buffer; 2]),
}

/// Writes the attention of each image and head.
pub(super) fn attention(
    cpu: &Cpu,
    problem: &AttentionProblem,
    [q, k, v]: [Rows<'_>; 3],
    bias: &Bias<'_>,
    out: &mut [f32],
) {
    if out.is_empty() {
        return;
    }
    let channels = problem.heads * problem.head_dim;
    let lanes = cpu.isa.lanes();
    let single = problem.queries <= lanes;
    let block = if single { lanes } else { VECTORS * lanes };
    let (k, v) = (pack::keys(cpu, problem, k), pack::values(cpu, problem, v));
    let bias = prepare(cpu, problem, bias, block);
    out.par_chunks_mut(problem.queries * channels)
        .enumerate()
        .for_each(|(image, out)| {
            out.par_chunks_mut(block * channels)
                .enumerate()
                .for_each(|(i, out)| {
                    cpu.isa.run(QueryBlock {
                        problem,
                        q,
                        k: &k,
                        v: &v,
                        bias: &bias,
                        image,
                        first: i * block,
                        single,
                        out,
                    });
                });
        });
}

fn prepare(cpu: &Cpu, problem: &AttentionProblem, bias: &Bias<'_>, block: usize) -> Prepared {
    match (*bias, problem.bias) {
        (Bias::Table(table), _) => Prepared::Table(pack::table(cpu, problem, table, block)),
        (
            Bias::RelativePositions { rows, columns },
            BiasKind::RelativePositions { height, width },
        ) => {
            let d = problem.head_dim;
            let pack = |table, extent: usize| pack::rows(cpu, (table, d), 2 * extent - 1, d);
            Prepared::RelativePositions([pack(rows, height), pack(columns, width)])
        }
        _ => Prepared::None,
    }
}
