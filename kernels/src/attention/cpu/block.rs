//! Some queries of one image, all heads: what one task computes. See [`QueryBlock`].

use std::f32::consts::LOG2_E;

use super::{
    AttentionProblem, BiasKind, Prepared, Rows,
    bias::{Nothing, Positions, TableRows},
    pack, positions,
    tile::{self, PerQuery},
};
use crate::simd::{self, Factor, Kernel, Lanes, Transpose, exp2_nonpositive};

/// Keys whose scores are held at a time, at most: with 48 queries they take 12 KiB, which leaves
/// the first-level cache to the keys themselves. A whole number of groups of keys.
pub(super) const TILE: usize = 64;

/// Below every score that is not −∞; finite, so that a tile of nothing but −∞ weighs 0.
const LOWEST: f32 = f32::MIN;

/// Some queries of one image.
pub(super) struct QueryBlock<'a, F> {
    pub(super) problem: &'a AttentionProblem,
    pub(super) q: Rows<'a>,
    /// As [`pack::keys`] packs them.
    pub(super) k: &'a [F],
    /// As [`pack::values`] packs them.
    pub(super) v: &'a [F],
    pub(super) bias: &'a Prepared,
    /// The first query.
    pub(super) first: usize,
    /// `[queries, heads · head_dim]`, at most [`VECTORS`](super::VECTORS) vectors of queries.
    pub(super) out: &'a mut [f32],
}

impl<F: Factor> Kernel for QueryBlock<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(self) {
        let channels = self.problem.heads * self.problem.head_dim;
        let vectors = (self.out.len() / channels).div_ceil(N);
        match (vectors, tile::rows(N)) {
            (1, 8) => Heads::<F, N, 1, 8>::new(self).run(),
            (1, _) => Heads::<F, N, 1, 4>::new(self).run(),
            (2, 8) => Heads::<F, N, 2, 8>::new(self).run(),
            (2, _) => Heads::<F, N, 2, 4>::new(self).run(),
            (_, 8) => Heads::<F, N, 3, 8>::new(self).run(),
            (_, _) => Heads::<F, N, 3, 4>::new(self).run(),
        }
    }
}

/// A block of `Q` vectors of `N` queries and its scratch space. `T` rows share a register tile.
/// Scores and their bias are in units of ln 2, so that weights are powers of two.
struct Heads<'a, F, const N: usize, const Q: usize, const T: usize> {
    block: QueryBlock<'a, F>,
    /// `[head_dim / TERMS]`
    queries: Vec<PerQuery<N, Q, F>>,
    /// Before they are packed: `[head_dim]`.
    unpacked: Vec<PerQuery<N, Q>>,
    /// Scores of a tile: `[keys]`; then their weights, packed: `[keys / TERMS]`.
    scores: Vec<PerQuery<N, Q>>,
    /// The weighted values: `[head_dim padded to whole groups]`.
    sums: Vec<PerQuery<N, Q>>,
    /// Relative position biases of each row and each column of the grid.
    positions: [Vec<PerQuery<N, Q>>; 2],
    /// The greatest score so far.
    greatest: [Lanes<N>; Q],
    /// The sum of the weights so far.
    weights: [Lanes<N>; Q],
}

impl<'a, F: Factor, const N: usize, const Q: usize, const T: usize> Heads<'a, F, N, Q, T> {
    #[inline(always)]
    fn new(block: QueryBlock<'a, F>) -> Self {
        let d = block.problem.head_dim;
        let grid = match block.problem.bias {
            BiasKind::RelativePositions { height, width } => [height, width],
            BiasKind::None | BiasKind::Table => [0, 0],
        };
        let zeros = |count| vec![[[0.0; N]; Q]; count];
        Self {
            block,
            queries: vec![[[F::zeroed(); N]; Q]; d.div_ceil(F::TERMS)],
            unpacked: zeros(d),
            scores: zeros(TILE),
            sums: zeros(d.next_multiple_of(T)),
            positions: grid.map(zeros),
            greatest: [Lanes::ZERO; Q],
            weights: [Lanes::ZERO; Q],
        }
    }

    #[inline(always)]
    fn run(&mut self) {
        let problem = *self.block.problem;
        for head in 0..problem.heads {
            self.load_queries(head);
            self.load_positions();
            self.greatest = [Lanes::splat(LOWEST); Q];
            self.weights = [Lanes::ZERO; Q];
            self.sums.fill([[0.0; N]; Q]);
            for first in (0..problem.keys).step_by(TILE) {
                let keys = (problem.keys - first).min(TILE);
                let greatest = self.score(head, first, keys);
                let faded = self.weigh(keys, greatest);
                self.add_values(head, first, keys, &faded);
            }
            self.store(head);
        }
    }

    /// Transposes the block's queries; lanes beyond the last query repeat it.
    #[inline(always)]
    fn load_queries(&mut self, head: usize) {
        let AttentionProblem {
            head_dim: d,
            queries,
            ..
        } = *self.block.problem;
        let (data, stride) = self.block.q;
        let first = self.block.first;
        let count = (queries - first).min(Q * N);
        let start = first * stride + head * d;
        let lanes = self.unpacked.as_flattened_mut().as_flattened_mut();
        Transpose {
            source: &data[start..],
            source_stride: stride,
            rows: count,
            columns: d,
            target: lanes,
            target_stride: Q * N,
        }
        .run::<N>();
        for lanes in lanes.chunks_exact_mut(Q * N) {
            let last = lanes[count - 1];
            lanes[count..].fill(last);
        }
        let queries = self.queries.as_flattened_mut().as_flattened_mut();
        simd::pack(lanes, Q * N, queries);
    }

    /// Computes the relative position biases from the queries.
    #[inline(always)]
    fn load_positions(&mut self) {
        let BiasKind::RelativePositions { width, .. } = self.block.problem.bias else {
            return;
        };
        let Prepared::RelativePositions([rows, columns]) = self.block.bias else {
            return;
        };
        let last = self.block.problem.queries - 1;
        let first = self.block.first;
        let token = |lane: usize| (first + lane).min(last);
        let [of_rows, of_columns] = &mut self.positions;
        positions::biases::<F, N, Q, T>(
            &self.queries,
            bytemuck::cast_slice(rows),
            |lane| token(lane) / width,
            of_rows,
        );
        positions::biases::<F, N, Q, T>(
            &self.queries,
            bytemuck::cast_slice(columns),
            |lane| token(lane) % width,
            of_columns,
        );
        scale(of_rows, LOG2_E);
        scale(of_columns, LOG2_E);
    }

    /// Writes the scores of a tile: products of queries and keys, and bias. Returns the greatest
    /// score so far.
    #[inline(always)]
    fn score(&mut self, head: usize, first: usize, keys: usize) -> [Lanes<N>; Q] {
        let d = self.block.problem.head_dim;
        let scale = LOG2_E / (d as f32).sqrt();
        let len = pack::keys_len::<F>(self.block.problem.keys, d, T);
        let packed = &self.block.k[head * len..][..len][first * d.div_ceil(F::TERMS)..];
        let (queries, scores) = (&self.queries, &mut self.scores[..keys]);
        let greatest = self.greatest;
        match (self.block.bias, self.block.problem.bias) {
            (Prepared::Table(table), _) => {
                let stride = self.block.problem.queries.next_multiple_of(N);
                let row = head * self.block.problem.keys + first;
                let rest = &table[row * stride + self.block.first..];
                let bias = TableRows { rest, stride };
                tile::score::<F, N, Q, T>(queries, packed, scale, scores, greatest, bias)
            }
            (_, BiasKind::RelativePositions { width, .. }) => {
                let [of_rows, of_columns] = &self.positions;
                let next = [first / width, first % width];
                let bias = Positions {
                    of_rows,
                    of_columns,
                    next,
                };
                tile::score::<F, N, Q, T>(queries, packed, scale, scores, greatest, bias)
            }
            _ => tile::score::<F, N, Q, T>(queries, packed, scale, scores, greatest, Nothing),
        }
    }

    /// Turns the scores of a tile into weights relative to the greatest score so far. Returns by
    /// how much all earlier weights have to shrink.
    #[inline(always)]
    fn weigh(&mut self, keys: usize, greatest: [Lanes<N>; Q]) -> [Lanes<N>; Q] {
        let mut sums = [Lanes::ZERO; Q];
        // A key that an entry has room for and the tile has not weighs nothing.
        let entries = keys.div_ceil(F::TERMS);
        self.scores[keys..entries * F::TERMS].fill([[f32::NEG_INFINITY; N]; Q]);
        // Their number known to the compiler, so that nothing is checked per key.
        let scores: &mut [PerQuery<N, Q>; TILE] =
            self.scores.as_mut_slice().try_into().expect("a tile");
        for entry in 0..entries.min(TILE / F::TERMS) {
            let mut terms = [[[0.0; N]; Q]; 2];
            for term in 0..F::TERMS {
                let scores = scores[entry * F::TERMS + term];
                for j in 0..Q {
                    let weight = exp2::<N>(Lanes(scores[j]) - greatest[j]);
                    sums[j] += weight;
                    terms[term][j] = weight.0;
                }
            }
            // Not ahead of the scores that are still to be read.
            let packed = bytemuck::cast_slice_mut(scores[entry].as_flattened_mut());
            let terms = terms[..F::TERMS].as_flattened().as_flattened();
            simd::pack::<F>(terms, Q * N, packed);
        }
        let mut faded = [Lanes::ZERO; Q];
        for j in 0..Q {
            faded[j] = exp2::<N>(self.greatest[j] - greatest[j]);
            self.weights[j] = self.weights[j].fma(faded[j], sums[j]);
        }
        self.greatest = greatest;
        faded
    }

    /// Adds the weighted values of a tile to the sums.
    #[inline(always)]
    fn add_values(&mut self, head: usize, first: usize, keys: usize, faded: &[Lanes<N>; Q]) {
        let problem = self.block.problem;
        let len = pack::values_len::<F>(problem.keys, problem.head_dim, T);
        let of_head = &self.block.v[head * len..][..len];
        let entries = keys.div_ceil(F::TERMS);
        let weights = bytemuck::cast_slice(self.scores[..entries].as_flattened().as_flattened());
        let (weights, _) = weights.as_chunks::<N>();
        let (weights, _) = weights.as_chunks::<Q>();
        let (sums, _) = self.sums.as_chunks_mut::<T>();
        let tile = first / F::TERMS * problem.head_dim.next_multiple_of(T);
        let groups = of_head[tile..].chunks_exact(entries * T);
        for (sums, values) in sums.iter_mut().zip(groups) {
            tile::add_values::<F, N, Q, T>(weights, values, faded, sums);
        }
    }

    /// Transposes the sums back and divides them by the weights.
    #[inline(always)]
    fn store(&mut self, head: usize) {
        let d = self.block.problem.head_dim;
        let channels = self.block.problem.heads * d;
        let count = self.block.out.len() / channels;
        Transpose {
            source: self.sums.as_flattened().as_flattened(),
            source_stride: Q * N,
            rows: d,
            columns: count,
            target: &mut self.block.out[head * d..],
            target_stride: channels,
        }
        .run::<N>();
        let rows = self.block.out.chunks_exact_mut(channels);
        for (lane, row) in rows.enumerate() {
            let scale = 1.0 / self.weights[lane / N].0[lane % N];
            for x in &mut row[head * d..][..d] {
                *x *= scale;
            }
        }
    }
}

#[inline(always)]
fn scale<const N: usize, const Q: usize>(numbers: &mut [PerQuery<N, Q>], factor: f32) {
    for number in numbers.as_flattened_mut().as_flattened_mut() {
        *number *= factor;
    }
}

/// Returns two to the power of each lane.
#[inline(always)]
fn exp2<const N: usize>(mut x: Lanes<N>) -> Lanes<N> {
    for i in 0..N {
        x.0[i] = exp2_nonpositive::<N>(x.0[i]);
    }
    x
}
