//! Keys, values and biases in the order in which the innermost loops read them. See [`keys`] and
//! [`values`].

use std::f32::consts::LOG2_E;

use rayon::prelude::*;

use super::{AttentionProblem, Rows, block::TILE, tile};
use crate::{
    buffer::Buffer,
    device::Cpu,
    parallel,
    simd::{Factor, Transpose, pack},
};

/// Returns how many entries one head's keys take.
pub(super) fn keys_len<F: Factor>(problem: &AttentionProblem, rows: usize) -> usize {
    problem.keys.next_multiple_of(rows) * problem.head_dim.div_ceil(F::TERMS)
}

/// Returns how many entries one head's values take.
pub(super) fn values_len<F: Factor>(problem: &AttentionProblem, rows: usize) -> usize {
    problem.keys.div_ceil(F::TERMS) * problem.head_dim.next_multiple_of(rows)
}

/// Returns keys as `[images, heads, groups, head_dim / TERMS, T]` where `T` keys, as many as a
/// register tile has rows, make a group. The last group is filled up with zeros.
pub(super) fn keys<F: Factor>(cpu: &Cpu, problem: &AttentionProblem, k: Rows<'_>) -> Buffer {
    let len = keys_len::<F>(problem, tile::rows(cpu.isa.lanes()));
    by_head::<F>(cpu, problem, k, len, |head, out| {
        transpose(cpu, head, problem.keys, problem.head_dim, out);
    })
}

/// Returns `count` rows of `d` numbers as `[groups, d / TERMS, T]`, as [`keys`] are.
pub(super) fn rows<F: Factor>(cpu: &Cpu, rows: Rows<'_>, count: usize, d: usize) -> Buffer {
    let groups = count.next_multiple_of(tile::rows(cpu.isa.lanes()));
    let mut packed = cpu.buffer(groups * d.div_ceil(F::TERMS));
    transpose::<F>(cpu, rows, count, d, bytemuck::cast_slice_mut(&mut packed));
    packed
}

/// Returns values as `[images, heads, tiles, groups, keys of a tile / TERMS, T]` where `T` channels
/// make a group: a tile is read in order, and no two groups compete for the same lines of the cache.
/// The last group is filled up with zeros.
pub(super) fn values<F: Factor>(cpu: &Cpu, problem: &AttentionProblem, v: Rows<'_>) -> Buffer {
    let rows = tile::rows(cpu.isa.lanes());
    let len = values_len::<F>(problem, rows);
    let padded = problem.head_dim.next_multiple_of(rows);
    by_head::<F>(cpu, problem, v, len, |(data, stride), out| {
        for (tile, out) in out.chunks_mut(TILE / F::TERMS * padded).enumerate() {
            let first = tile * TILE;
            let keys = (problem.keys - first).min(TILE);
            let data = &data[first * stride..];
            let groups = out.chunks_exact_mut(out.len() / padded * rows);
            for (first, out) in (0..problem.head_dim).step_by(rows).zip(groups) {
                let (data, width) = (&data[first..], (problem.head_dim - first).min(rows));
                match rows {
                    8 => columns::<F, 8>((data, stride), [keys, width], out),
                    _ => columns::<F, 4>((data, stride), [keys, width], out),
                }
            }
        }
    })
}

/// Packs the first `width` numbers of each row, and zeros up to `T`.
fn columns<F: Factor, const T: usize>(
    (data, stride): Rows<'_>,
    [rows, width]: [usize; 2],
    out: &mut [F],
) {
    let (out, _) = out.as_chunks_mut::<T>();
    for (entry, out) in out.iter_mut().enumerate() {
        let mut terms = [[0.0; T]; 2];
        let first = entry * F::TERMS;
        for (row, term) in (first..(first + F::TERMS).min(rows)).zip(&mut terms) {
            let from = &data[row * stride..];
            match from.first_chunk::<T>() {
                Some(whole) if width == T => *term = *whole,
                _ => term[..width].copy_from_slice(&from[..width]),
            }
        }
        for i in 0..T {
            out[i] = F::new([terms[0][i], terms[1][i]]);
        }
    }
}

/// Returns a bias table as `[heads, keys, queries]`, the queries padded to whole vectors, in
/// units of ln 2.
pub(super) fn table(cpu: &Cpu, problem: &AttentionProblem, table: &[f32]) -> Buffer {
    let AttentionProblem { queries, keys, .. } = *problem;
    let padded = queries.next_multiple_of(cpu.isa.lanes());
    let mut transposed = cpu.buffer(problem.heads * keys * padded);
    parallel::for_rows(&mut transposed, padded, |row, out| {
        let (head, key) = (row / keys, row % keys);
        for (query, out) in out.iter_mut().enumerate() {
            // Padding repeats the last query, as the block does.
            let query = query.min(queries - 1);
            *out = table[(head * queries + query) * keys + key] * LOG2_E;
        }
    });
    transposed
}

/// Packs each head of each image of keys into `len` entries.
fn by_head<F: Factor>(
    cpu: &Cpu,
    problem: &AttentionProblem,
    (data, stride): Rows<'_>,
    len: usize,
    pack: impl Fn(Rows<'_>, &mut [F]) + Sync,
) -> Buffer {
    let AttentionProblem {
        key_batch,
        heads,
        head_dim,
        keys,
        ..
    } = *problem;
    let mut packed = cpu.buffer(key_batch * heads * len);
    let all: &mut [F] = bytemuck::cast_slice_mut(&mut packed);
    all.par_chunks_mut(len).enumerate().for_each(|(i, out)| {
        let (image, head) = (i / heads, i % heads);
        let first = image * keys * stride + head * head_dim;
        pack((&data[first..], stride), out);
    });
    packed
}

/// Writes groups of rows, transposed and packed.
fn transpose<F: Factor>(
    cpu: &Cpu,
    (data, stride): Rows<'_>,
    count: usize,
    d: usize,
    out: &mut [F],
) {
    let rows = tile::rows(cpu.isa.lanes());
    let mut columns = vec![0.0; d * rows];
    let groups = out.chunks_exact_mut(d.div_ceil(F::TERMS) * rows);
    for (first, out) in (0..count).step_by(rows).zip(groups) {
        if first + rows > count {
            columns.fill(0.0);
        }
        cpu.isa.run(Transpose {
            source: &data[first * stride..],
            source_stride: stride,
            rows: (count - first).min(rows),
            columns: d,
            target: &mut columns,
            target_stride: rows,
        });
        pack(&columns, rows, out);
    }
}
