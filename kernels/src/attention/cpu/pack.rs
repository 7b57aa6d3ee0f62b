//! Keys, values and biases in the order in which the innermost loops read them. See [`keys`] and
//! [`values`].

use std::f32::consts::LOG2_E;

use rayon::prelude::*;

use super::{AttentionProblem, Rows, block::TILE, tile};
use crate::{buffer::Buffer, device::Cpu, parallel, simd::Transpose};

/// Returns how many numbers one head's keys take.
pub(super) fn keys_len(problem: &AttentionProblem, rows: usize) -> usize {
    problem.keys.next_multiple_of(rows) * problem.head_dim
}

/// Returns how many numbers one head's values take.
pub(super) fn values_len(problem: &AttentionProblem, rows: usize) -> usize {
    problem.keys * problem.head_dim.next_multiple_of(rows)
}

/// Returns keys as `[images, heads, groups, head_dim, T]` where `T` keys, as many as a register
/// tile has rows, make a group. The last group is filled up with zeros.
pub(super) fn keys(cpu: &Cpu, problem: &AttentionProblem, k: Rows<'_>) -> Buffer {
    let len = keys_len(problem, tile::rows(cpu.isa.lanes()));
    by_head(cpu, problem, k, len, |head, out| {
        transpose(cpu, head, problem.keys, problem.head_dim, out);
    })
}

/// Returns `count` rows of `d` numbers as `[groups, d, T]`, as [`keys`] are.
pub(super) fn rows(cpu: &Cpu, rows: Rows<'_>, count: usize, d: usize) -> Buffer {
    let groups = count.next_multiple_of(tile::rows(cpu.isa.lanes()));
    let mut packed = cpu.buffer(groups * d);
    transpose(cpu, rows, count, d, &mut packed);
    packed
}

/// Returns values as `[images, heads, tiles, groups, keys of a tile, T]` where `T` channels make a
/// group: a tile is read in order, and no two groups compete for the same lines of the cache. The
/// last group is filled up with zeros.
pub(super) fn values(cpu: &Cpu, problem: &AttentionProblem, v: Rows<'_>) -> Buffer {
    let rows = tile::rows(cpu.isa.lanes());
    let len = values_len(problem, rows);
    let padded = problem.head_dim.next_multiple_of(rows);
    by_head(cpu, problem, v, len, |(data, stride), out| {
        for (tile, out) in out.chunks_mut(TILE * padded).enumerate() {
            let data = &data[tile * TILE * stride..];
            let groups = out.chunks_exact_mut(out.len() / padded * rows);
            for (first, out) in (0..problem.head_dim).step_by(rows).zip(groups) {
                let width = (problem.head_dim - first).min(rows);
                match rows {
                    8 => columns::<8>(&data[first..], stride, width, out),
                    _ => columns::<4>(&data[first..], stride, width, out),
                }
            }
        }
    })
}

/// Copies the first `width` numbers of each row, and zeros up to `T`.
fn columns<const T: usize>(data: &[f32], stride: usize, width: usize, out: &mut [f32]) {
    let (out, _) = out.as_chunks_mut::<T>();
    for (row, out) in out.iter_mut().enumerate() {
        let from = &data[row * stride..];
        match from.first_chunk::<T>() {
            Some(whole) if width == T => *out = *whole,
            _ => {
                *out = [0.0; T];
                out[..width].copy_from_slice(&from[..width]);
            }
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

/// Packs each head of each image of keys into `len` numbers.
fn by_head(
    cpu: &Cpu,
    problem: &AttentionProblem,
    (data, stride): Rows<'_>,
    len: usize,
    pack: impl Fn(Rows<'_>, &mut [f32]) + Sync,
) -> Buffer {
    let AttentionProblem {
        key_batch,
        heads,
        head_dim,
        keys,
        ..
    } = *problem;
    let mut packed = cpu.buffer(key_batch * heads * len);
    packed.par_chunks_mut(len).enumerate().for_each(|(i, out)| {
        let (image, head) = (i / heads, i % heads);
        let first = image * keys * stride + head * head_dim;
        pack((&data[first..], stride), out);
    });
    packed
}

/// Writes groups of rows, transposed.
fn transpose(cpu: &Cpu, (data, stride): Rows<'_>, count: usize, d: usize, out: &mut [f32]) {
    let rows = tile::rows(cpu.isa.lanes());
    for (first, out) in (0..count).step_by(rows).zip(out.chunks_exact_mut(d * rows)) {
        if first + rows > count {
            out.fill(0.0);
        }
        cpu.isa.run(Transpose {
            source: &data[first * stride..],
            source_stride: stride,
            rows: (count - first).min(rows),
            columns: d,
            target: out,
            target_stride: rows,
        });
    }
}
