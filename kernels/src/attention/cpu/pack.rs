//! Keys, values and biases in the order in which the innermost loops read them. See [`keys`] and
//! [`values`].

use std::f32::consts::LOG2_E;

use rayon::prelude::*;

use super::{AttentionProblem, Rows, block::TILE, tile};
use crate::{
    buffer::Buffer,
    device::Cpu,
    parallel,
    simd::{Factor, Transpose, pack, prefetch},
};

/// Returns how many entries so many keys of a head take.
pub(super) fn keys_len<F: Factor>(keys: usize, head_dim: usize, rows: usize) -> usize {
    keys.next_multiple_of(rows) * head_dim.div_ceil(F::TERMS)
}

/// Returns how many entries so many values of a head take.
pub(super) fn values_len<F: Factor>(keys: usize, head_dim: usize, rows: usize) -> usize {
    keys.div_ceil(F::TERMS) * head_dim.next_multiple_of(rows)
}

/// Returns an image's keys as `[heads, groups, head_dim / TERMS, T]` where `T` keys, as many as a
/// register tile has rows, make a group. The last group is filled up with zeros.
pub(super) fn keys<F: Factor>(cpu: &Cpu, problem: &AttentionProblem, k: Rows<'_>) -> Buffer {
    let rows = tile::rows(cpu.isa.lanes());
    let d = problem.head_dim;
    let len = |keys| keys_len::<F>(keys, d, rows);
    by_tile::<F>(cpu, problem, k, len, |(data, stride), keys, mut heads| {
        let mut columns = Vec::new();
        // Group by group, so that whole rows are read in order.
        for (group, first) in (0..keys).step_by(rows).enumerate() {
            for (head, out) in heads.iter_mut().enumerate() {
                let from = (&data[first * stride + head * d..], stride);
                let out = &mut out[group * len(rows)..][..len(rows)];
                let count = (keys - first).min(rows);
                transpose(cpu, from, count, d, &mut columns, out);
            }
        }
    })
}

/// Returns an image's values as `[heads, tiles, groups, keys of a tile / TERMS, T]` where `T` channels
/// make a group: a tile is read in order, and no two groups compete for the same lines of the cache.
/// The last group is filled up with zeros.
pub(super) fn values<F: Factor>(cpu: &Cpu, problem: &AttentionProblem, v: Rows<'_>) -> Buffer {
    let rows = tile::rows(cpu.isa.lanes());
    let d = problem.head_dim;
    let len = |keys| values_len::<F>(keys, d, rows);
    by_tile::<F>(cpu, problem, v, len, |(data, stride), keys, heads| {
        for (head, out) in heads.into_iter().enumerate() {
            let groups = out.chunks_exact_mut(keys.div_ceil(F::TERMS) * rows);
            for (first, out) in (0..d).step_by(rows).zip(groups) {
                let from = (&data[head * d + first..], stride);
                let width = (d - first).min(rows);
                match rows {
                    8 => columns::<F, 8>(from, [keys, width], out),
                    _ => columns::<F, 4>(from, [keys, width], out),
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

/// Packs the tiles of an image, in which so many keys of a head take `len` entries: `pack` is given a
/// tile's rows, how many they are, and where each head goes. All heads of a tile follow each other, for
/// their rows lie together.
fn by_tile<F: Factor>(
    cpu: &Cpu,
    problem: &AttentionProblem,
    (data, stride): Rows<'_>,
    len: impl Fn(usize) -> usize,
    pack: impl Fn(Rows<'_>, usize, Vec<&mut [F]>) + Sync,
) -> Buffer {
    let AttentionProblem {
        heads,
        head_dim,
        keys,
        ..
    } = *problem;
    let (channels, of_head) = (heads * head_dim, len(keys));
    let mut packed = cpu.buffer(heads * of_head);
    let all: &mut [F] = bytemuck::cast_slice_mut(&mut packed);
    let all = all.chunks_exact_mut(of_head);
    let mut heads: Vec<_> = all.map(|head| head.chunks_mut(len(TILE))).collect();
    let tiles = (0..keys).step_by(TILE).map(|first| {
        let of_heads = heads.iter_mut().filter_map(Iterator::next);
        (first, of_heads.collect::<Vec<_>>())
    });
    let tiles: Vec<_> = tiles.collect();
    tiles.into_par_iter().for_each(|(first, heads)| {
        let (data, count) = (&data[first * stride..], (keys - first).min(TILE));
        for row in data.chunks(stride).take(count) {
            prefetch(&row[..channels]);
        }
        pack((data, stride), count, heads);
    });
    packed
}

/// Writes a group of up to `T` rows, transposed and packed; `columns` is scratch space.
fn transpose<F: Factor>(
    cpu: &Cpu,
    (data, stride): Rows<'_>,
    count: usize,
    d: usize,
    columns: &mut Vec<f32>,
    out: &mut [F],
) {
    let rows = tile::rows(cpu.isa.lanes());
    let write = |target: &mut [f32]| {
        if count < rows {
            target.fill(0.0);
        }
        cpu.isa.run(Transpose {
            source: data,
            source_stride: stride,
            rows: count,
            columns: d,
            target,
            target_stride: rows,
        });
    };
    if F::TERMS == 1 {
        // Packed numbers are the numbers themselves.
        write(bytemuck::cast_slice_mut(out));
    } else {
        columns.resize(d * rows, 0.0);
        write(columns);
        pack(columns, rows, out);
    }
}
