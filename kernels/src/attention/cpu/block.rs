//! Some queries of one image, all heads: what one task computes. See [`QueryBlock`].

use super::{AttentionProblem, Prepared, Rows, positions};
use crate::{
    attention::BiasKind,
    simd::{Kernel, Lanes, exp_nonpositive},
};

/// Keys whose scores are held at a time, at most: with 32 queries they take 8 KiB, which leaves
/// the first-level cache to the keys themselves.
const TILE: usize = 64;

/// Below every score that is not −∞; finite, so that a tile of nothing but −∞ weighs 0.
const LOWEST: f32 = f32::MIN;

/// Some queries of one image.
pub(super) struct QueryBlock<'a> {
    pub(super) problem: &'a AttentionProblem,
    pub(super) q: Rows<'a>,
    pub(super) k: Rows<'a>,
    pub(super) v: Rows<'a>,
    pub(super) bias: &'a Prepared<'a>,
    /// Which image of the queries.
    pub(super) image: usize,
    /// The first query.
    pub(super) first: usize,
    /// Whether the queries are one vector, instead of [`VECTORS`](super::VECTORS).
    pub(super) single: bool,
    /// `[queries, heads · head_dim]`
    pub(super) out: &'a mut [f32],
}

impl Kernel for QueryBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(self) {
        // Register tiles: 8 rows × 2 vectors + 2 + 1 of 32 registers, 4 × 2 + 2 + 1 of 16.
        let many_registers = N == 16 || cfg!(target_arch = "aarch64");
        match (self.single, many_registers) {
            (true, true) => Heads::<N, 1, 8>::new(self).run(),
            (true, false) => Heads::<N, 1, 4>::new(self).run(),
            (false, true) => Heads::<N, 2, 8>::new(self).run(),
            (false, false) => Heads::<N, 2, 4>::new(self).run(),
        }
    }
}

/// One number for each query of the block.
pub(super) type PerQuery<const N: usize, const Q: usize> = [Lanes<N>; Q];

/// A block of `Q` vectors of `N` queries and its scratch space. `T` rows share a register tile.
struct Heads<'a, const N: usize, const Q: usize, const T: usize> {
    block: QueryBlock<'a>,
    /// `[head_dim]`, scaled.
    queries: Vec<PerQuery<N, Q>>,
    /// Scores of a tile, then their exponentials: `[keys]`.
    scores: Vec<PerQuery<N, Q>>,
    /// The weighted values: `[head_dim]`.
    sums: Vec<PerQuery<N, Q>>,
    /// Relative position biases of each row and each column of the grid.
    positions: [Vec<PerQuery<N, Q>>; 2],
    /// The greatest score so far.
    greatest: PerQuery<N, Q>,
    /// The sum of the weights so far.
    weights: PerQuery<N, Q>,
}

impl<'a, const N: usize, const Q: usize, const T: usize> Heads<'a, N, Q, T> {
    #[inline(always)]
    fn new(block: QueryBlock<'a>) -> Self {
        let d = block.problem.head_dim;
        let grid = match block.problem.bias {
            BiasKind::RelativePositions { height, width } => [height, width],
            BiasKind::None | BiasKind::Table => [0, 0],
        };
        let zeros = |count| vec![[Lanes::ZERO; Q]; count];
        Self {
            block,
            queries: zeros(d),
            scores: zeros(TILE),
            sums: zeros(d),
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
            let scale = Lanes::splat(1.0 / (problem.head_dim as f32).sqrt());
            for query in self.queries.as_flattened_mut() {
                *query = *query * scale;
            }
            self.greatest = [Lanes::splat(LOWEST); Q];
            self.weights = [Lanes::ZERO; Q];
            self.sums.fill([Lanes::ZERO; Q]);
            for first in (0..problem.keys).step_by(TILE) {
                let keys = (problem.keys - first).min(TILE);
                self.start_with_bias(head, first, keys);
                self.add_products(head, first, keys);
                let faded = self.weigh(keys);
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
        for lane in 0..Q * N {
            let token = self.block.image * queries + (self.block.first + lane).min(queries - 1);
            let query = &data[token * stride + head * d..][..d];
            for (out, &x) in self.queries.iter_mut().zip(query) {
                out[lane / N].0[lane % N] = x;
            }
        }
    }

    /// Computes the relative position biases from the queries, which are not scaled yet.
    #[inline(always)]
    fn load_positions(&mut self) {
        let BiasKind::RelativePositions { width, .. } = self.block.problem.bias else {
            return;
        };
        let Prepared::RelativePositions { rows, columns } = *self.block.bias else {
            return;
        };
        let last = self.block.problem.queries - 1;
        let first = self.block.first;
        let token = |lane: usize| (first + lane).min(last);
        let [of_rows, of_columns] = &mut self.positions;
        positions::biases::<N, Q, T>(&self.queries, rows, |lane| token(lane) / width, of_rows);
        positions::biases::<N, Q, T>(
            &self.queries,
            columns,
            |lane| token(lane) % width,
            of_columns,
        );
    }

    /// Sets the scores of a tile to their bias.
    #[inline(always)]
    fn start_with_bias(&mut self, head: usize, first: usize, keys: usize) {
        let scores = &mut self.scores[..keys];
        match (self.block.bias, self.block.problem.bias) {
            (Prepared::Table(table), _) => {
                let padded = self.block.problem.queries.next_multiple_of(Q * N);
                let row = head * self.block.problem.keys + first;
                for (score, row) in scores.iter_mut().zip(row..) {
                    for (j, score) in score.iter_mut().enumerate() {
                        *score = Lanes::load(&table[row * padded + self.block.first + j * N..]);
                    }
                }
            }
            (_, BiasKind::RelativePositions { width, .. }) => {
                let [of_rows, of_columns] = &self.positions;
                let (mut y, mut x) = (first / width, first % width);
                for score in scores {
                    for (j, score) in score.iter_mut().enumerate() {
                        *score = of_rows[y][j] + of_columns[x][j];
                    }
                    x += 1;
                    if x == width {
                        (y, x) = (y + 1, 0);
                    }
                }
            }
            _ => scores.fill([Lanes::ZERO; Q]),
        }
    }

    /// Adds the products of queries and keys to the scores of a tile.
    #[inline(always)]
    fn add_products(&mut self, head: usize, first: usize, keys: usize) {
        let d = self.block.problem.head_dim;
        let (data, stride) = self.block.k;
        let start = (self.key_image() + first) * stride + head * d;
        add_products::<N, Q, T>(
            &self.queries,
            &data[start..],
            stride,
            &mut self.scores[..keys],
        );
    }

    /// Turns the scores of a tile into weights relative to the greatest score so far. Returns by
    /// how much all earlier weights have to shrink.
    #[inline(always)]
    fn weigh(&mut self, keys: usize) -> PerQuery<N, Q> {
        let scores = &mut self.scores[..keys];
        let mut greatest = self.greatest;
        for score in scores.iter() {
            for j in 0..Q {
                greatest[j] = score[j].max(greatest[j]);
            }
        }
        let mut sums = [Lanes::ZERO; Q];
        for score in scores {
            for j in 0..Q {
                score[j] = exp_nonpositive(score[j] - greatest[j]);
                sums[j] += score[j];
            }
        }
        let mut faded = [Lanes::ZERO; Q];
        for j in 0..Q {
            faded[j] = exp_nonpositive(self.greatest[j] - greatest[j]);
            self.weights[j] = self.weights[j].fma(faded[j], sums[j]);
        }
        self.greatest = greatest;
        faded
    }

    /// Adds the weighted values of a tile to the sums.
    #[inline(always)]
    fn add_values(&mut self, head: usize, first: usize, keys: usize, faded: &PerQuery<N, Q>) {
        let d = self.block.problem.head_dim;
        let (data, stride) = self.block.v;
        let values = &data[(self.key_image() + first) * stride + head * d..];
        let weights = &self.scores[..keys];
        let (tiles, rest) = self.sums.as_chunks_mut::<T>();
        for (i, sums) in tiles.iter_mut().enumerate() {
            add_values(weights, &values[i * T..], stride, faded, sums);
        }
        for (i, sum) in rest.iter_mut().enumerate() {
            let column = tiles.len() * T + i;
            let sums = std::array::from_mut(sum);
            add_values(weights, &values[column..], stride, faded, sums);
        }
    }

    /// Returns the row of the first key of the block's image.
    #[inline(always)]
    fn key_image(&self) -> usize {
        let AttentionProblem {
            key_batch, keys, ..
        } = *self.block.problem;
        if key_batch == 1 {
            0
        } else {
            self.block.image * keys
        }
    }

    /// Divides the sums by the weights and transposes them back.
    #[inline(always)]
    fn store(&mut self, head: usize) {
        let d = self.block.problem.head_dim;
        for sum in &mut self.sums {
            for (sum, &weights) in sum.iter_mut().zip(&self.weights) {
                *sum = *sum / weights;
            }
        }
        let channels = self.block.problem.heads * d;
        for (lane, out) in self.block.out.chunks_exact_mut(channels).enumerate() {
            for (out, sum) in out[head * d..][..d].iter_mut().zip(&self.sums) {
                *out = sum[lane / N].0[lane % N];
            }
        }
    }
}

/// Adds the product of each query with each row to that row's scores. Row `i` starts at
/// `i · stride`.
#[inline(always)]
pub(super) fn add_products<const N: usize, const Q: usize, const T: usize>(
    queries: &[PerQuery<N, Q>],
    rows: &[f32],
    stride: usize,
    scores: &mut [PerQuery<N, Q>],
) {
    let (tiles, rest) = scores.as_chunks_mut::<T>();
    for (i, scores) in tiles.iter_mut().enumerate() {
        multiply::<N, Q, T>(queries, &rows[i * T * stride..], stride, scores);
    }
    for (i, score) in rest.iter_mut().enumerate() {
        let row = tiles.len() * T + i;
        let scores = std::array::from_mut(score);
        multiply::<N, Q, 1>(queries, &rows[row * stride..], stride, scores);
    }
}

/// Adds the product of each query with each of `T` rows.
#[inline(always)]
fn multiply<const N: usize, const Q: usize, const T: usize>(
    queries: &[PerQuery<N, Q>],
    rows: &[f32],
    stride: usize,
    scores: &mut [PerQuery<N, Q>; T],
) {
    let d = queries.len();
    let rows: [&[f32]; T] = std::array::from_fn(|i| &rows[i * stride..][..d]);
    let mut sums = *scores;
    for (c, query) in queries.iter().enumerate() {
        for i in 0..T {
            let x = Lanes::splat(rows[i][c]);
            for j in 0..Q {
                sums[i][j] = x.fma(query[j], sums[i][j]);
            }
        }
    }
    *scores = sums;
}

/// Fades the sums of `T` columns, then adds the weighted values of a tile. Value `i` starts at
/// `i · stride`.
#[inline(always)]
fn add_values<const N: usize, const Q: usize, const T: usize>(
    weights: &[PerQuery<N, Q>],
    values: &[f32],
    stride: usize,
    faded: &PerQuery<N, Q>,
    sums: &mut [PerQuery<N, Q>; T],
) {
    let mut tile = *sums;
    for sum in &mut tile {
        for j in 0..Q {
            sum[j] = sum[j] * faded[j];
        }
    }
    for (key, weight) in weights.iter().enumerate() {
        let value = &values[key * stride..][..T];
        for i in 0..T {
            let x = Lanes::splat(value[i]);
            for j in 0..Q {
                tile[i][j] = x.fma(weight[j], tile[i][j]);
            }
        }
    }
    *sums = tile;
}
