//! Attention on the CPU, in tiles with a running softmax (Dao et al. 2022, `FlashAttention`;
//! Milakov and Gimelshein 2018, eqs. 6 to 9).
//!
//! Vectors run over queries: a task holds some vectors of queries, transposed, and walks over the
//! keys in tiles. Scores of a tile are `[key][query]`, so neither the greatest score nor the sum
//! is ever taken across a vector. Keys and values are packed once per call, so that the innermost
//! loops read them in order, one number at a time for all queries, or one pair in `bfloat16`. A
//! query's result depends on its own vector lane alone.

mod bias;
mod block;
mod pack;
mod positions;
mod tile;

use rayon::prelude::*;

use super::{AttentionProblem, BiasKind, reference::Bias};
use crate::{
    Precision,
    buffer::Buffer,
    device::Cpu,
    simd::{Factor, Pair},
};
use block::QueryBlock;

/// Most vectors of queries in a task: what the registers hold beside a group of keys.
const VECTORS: usize = 3;

/// A range of columns of a tensor: its data from the first column on, and the distance of rows.
pub(super) type Rows<'a> = (&'a [f32], usize);

/// A bias, ready to be read with queries as vectors.
#[derive(Debug)]
enum Prepared {
    /// Nothing is added.
    None,
    /// `[heads, keys, queries padded to whole vectors]`
    Table(Buffer),
    /// The tables of rows and columns, packed as keys are.
    RelativePositions([Buffer; 2]),
}

/// Writes the attention of each image and head.
pub(super) fn attention(
    cpu: &Cpu,
    problem: &AttentionProblem,
    qkv: [Rows<'_>; 3],
    bias: &Bias<'_>,
    out: &mut [f32],
) {
    match cpu.precision {
        Precision::Bf16 => attend::<Pair>(cpu, problem, qkv, bias, out),
        Precision::F32 | Precision::F16 => attend::<f32>(cpu, problem, qkv, bias, out),
    }
}

fn attend<F: Factor>(
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
    let bias = prepare::<F>(cpu, problem, bias);
    // Of one image at a time: windows stay in the cache until their queries have read them.
    let pack = |image| {
        [
            pack::keys::<F>(cpu, problem, image_of(k, problem.keys, image)),
            pack::values::<F>(cpu, problem, image_of(v, problem.keys, image)),
        ]
    };
    let of_all = (problem.key_batch < problem.batch).then(|| pack(0));
    out.par_chunks_mut(problem.queries * channels)
        .enumerate()
        .for_each(|(image, out)| {
            let of_image;
            let [k, v] = if let Some(packed) = &of_all {
                packed
            } else {
                of_image = pack(image);
                &of_image
            };
            blocks(out, channels, cpu.isa.lanes()).for_each(|(first, out)| {
                cpu.isa.run(QueryBlock::<F> {
                    problem,
                    q: image_of(q, problem.queries, image),
                    k: bytemuck::cast_slice(k),
                    v: bytemuck::cast_slice(v),
                    bias: &bias,
                    first,
                    out,
                });
            });
        });
}

/// Returns the rows from the first of an image on, of `tokens` each.
fn image_of((data, stride): Rows<'_>, tokens: usize, image: usize) -> Rows<'_> {
    (&data[image * tokens * stride..], stride)
}

/// Splits an image's queries into blocks that differ by one vector at most: a task of few queries
/// reads as many keys as one of many. Returns the first query of each with its rows.
fn blocks(
    out: &mut [f32],
    channels: usize,
    lanes: usize,
) -> impl ParallelIterator<Item = (usize, &mut [f32])> {
    let vectors = (out.len() / channels).div_ceil(lanes);
    let count = vectors.div_ceil(VECTORS);
    let (each, longer) = (vectors / count * lanes, vectors % count);
    let long = each + lanes;
    let (of_long, of_others) = out.split_at_mut(longer * long * channels);
    let long_ones = of_long.par_chunks_mut(long * channels).enumerate();
    let others = of_others.par_chunks_mut(each * channels).enumerate();
    long_ones
        .map(move |(i, rows)| (i * long, rows))
        .chain(others.map(move |(i, rows)| (longer * long + i * each, rows)))
}

fn prepare<F: Factor>(cpu: &Cpu, problem: &AttentionProblem, bias: &Bias<'_>) -> Prepared {
    match (*bias, problem.bias) {
        (Bias::Table(table), _) => Prepared::Table(pack::table(cpu, problem, table)),
        (
            Bias::RelativePositions { rows, columns },
            BiasKind::RelativePositions { height, width },
        ) => {
            // As the keys of one head.
            let pack = |table, extent: usize| {
                let keys = 2 * extent - 1;
                let head = AttentionProblem {
                    heads: 1,
                    keys,
                    ..*problem
                };
                pack::keys::<F>(cpu, &head, (table, problem.head_dim))
            };
            Prepared::RelativePositions([pack(rows, height), pack(columns, width)])
        }
        _ => Prepared::None,
    }
}
