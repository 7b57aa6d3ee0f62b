//! Some queries of one image, all heads: what one task computes. See [`QueryBlock`].

use super::{
    AttentionProblem, BiasKind, Prepared, Rows, pack, positions,
    tile::{self, PerQuery},
};
use crate::simd::{Kernel, Lanes, Transpose, exp_nonpositive};

/// Keys whose scores are held at a time, at most: with 32 queries they take 8 KiB, which leaves
/// the first-level cache to the keys themselves. A whole number of groups of keys.
const TILE: usize = 64;

/// Below every score that is not −∞; finite, so that a tile of nothing but −∞ weighs 0.
const LOWEST: f32 = f32::MIN;

/// Some queries of one image.
pub(super) struct QueryBlock<'a> {
    pub(super) problem: &'a AttentionProblem,
    pub(super) q: Rows<'a>,
    /// As [`pack::keys`] packs them.
    pub(super) k: &'a [f32],
    /// As [`pack::values`] packs them.
    pub(super) v: &'a [f32],
    pub(super) bias: &'a Prepared,
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
        match (self.single, tile::rows(N)) {
            (true, 8) => Heads::<N, 1, 8>::new(self).run(),
            (true, _) => Heads::<N, 1, 4>::new(self).run(),
            (false, 8) => Heads::<N, 2, 8>::new(self).run(),
            (false, _) => Heads::<N, 2, 4>::new(self).run(),
        }
    }
}

/// A block of `Q` vectors of `N` queries and its scratch space. `T` rows share a register tile.
struct Heads<'a, const N: usize, const Q: usize, const T: usize> {
    block: QueryBlock<'a>,
    /// `[head_dim]`, scaled.
    queries: Vec<PerQuery<N, Q>>,
    /// Scores of a tile, then their exponentials: `[keys]`.
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

impl<'a, const N: usize, const Q: usize, const T: usize> Heads<'a, N, Q, T> {
    #[inline(always)]
    fn new(block: QueryBlock<'a>) -> Self {
        let d = block.problem.head_dim;
        let grid = match block.problem.bias {
            BiasKind::RelativePositions { height, width } => [height, width],
            BiasKind::None | BiasKind::Table => [0, 0],
        };
        let zeros = |count| vec![[[0.0; N]; Q]; count];
        Self {
            block,
            queries: zeros(d),
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
            let scale = 1.0 / (problem.head_dim as f32).sqrt();
            for query in self.queries.as_flattened_mut().as_flattened_mut() {
                *query *= scale;
            }
            self.greatest = [Lanes::splat(LOWEST); Q];
            self.weights = [Lanes::ZERO; Q];
            self.sums.fill([[0.0; N]; Q]);
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
        let first = self.block.first;
        let count = (queries - first).min(Q * N);
        let start = (self.block.image * queries + first) * stride + head * d;
        let lanes = self.queries.as_flattened_mut().as_flattened_mut();
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
    }

    /// Computes the relative position biases from the queries, which are not scaled yet.
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
                    let bias = &table[row * padded + self.block.first..][..Q * N];
                    score.as_flattened_mut().copy_from_slice(bias);
                }
            }
            (_, BiasKind::RelativePositions { width, .. }) => {
                let [of_rows, of_columns] = &self.positions;
                let (mut y, mut x) = (first / width, first % width);
                for score in scores {
                    for (j, score) in score.iter_mut().enumerate() {
                        *score = (Lanes(of_rows[y][j]) + Lanes(of_columns[x][j])).0;
                    }
                    x += 1;
                    if x == width {
                        (y, x) = (y + 1, 0);
                    }
                }
            }
            _ => scores.fill([[0.0; N]; Q]),
        }
    }

    /// Adds the products of queries and keys to the scores of a tile.
    #[inline(always)]
    fn add_products(&mut self, head: usize, first: usize, keys: usize) {
        let len = pack::keys_len(self.block.problem, T);
        let d = self.block.problem.head_dim;
        let of_head = &self.block.k[self.of_head(head) * len..][..len];
        let groups = of_head[first * d..].chunks_exact(d * T);
        // The last group's padding is given scores too, which nobody reads.
        let (scores, _) = self.scores[..keys.next_multiple_of(T)].as_chunks_mut::<T>();
        for (scores, group) in scores.iter_mut().zip(groups) {
            tile::multiply(&self.queries, group, scores);
        }
    }

    /// Turns the scores of a tile into weights relative to the greatest score so far. Returns by
    /// how much all earlier weights have to shrink.
    #[inline(always)]
    fn weigh(&mut self, keys: usize) -> [Lanes<N>; Q] {
        let scores = &mut self.scores[..keys];
        let mut greatest = self.greatest;
        for score in scores.iter() {
            for j in 0..Q {
                greatest[j] = Lanes(score[j]).max(greatest[j]);
            }
        }
        let mut sums = [Lanes::ZERO; Q];
        for score in scores {
            for j in 0..Q {
                let weight = exp::<N>(Lanes(score[j]) - greatest[j]);
                sums[j] += weight;
                score[j] = weight.0;
            }
        }
        let mut faded = [Lanes::ZERO; Q];
        for j in 0..Q {
            faded[j] = exp::<N>(self.greatest[j] - greatest[j]);
            self.weights[j] = self.weights[j].fma(faded[j], sums[j]);
        }
        self.greatest = greatest;
        faded
    }

    /// Adds the weighted values of a tile to the sums.
    #[inline(always)]
    fn add_values(&mut self, head: usize, first: usize, keys: usize, faded: &[Lanes<N>; Q]) {
        let problem = self.block.problem;
        let len = pack::values_len(problem, T);
        let of_head = &self.block.v[self.of_head(head) * len..][..len];
        let weights = &self.scores[..keys];
        let (sums, _) = self.sums.as_chunks_mut::<T>();
        for (sums, group) in sums.iter_mut().zip(of_head.chunks_exact(problem.keys * T)) {
            let values = &group[first * T..][..keys * T];
            tile::add_values(weights, values, faded, sums);
        }
    }

    /// Returns which of all heads of keys belongs to a head of the block.
    #[inline(always)]
    fn of_head(&self, head: usize) -> usize {
        let AttentionProblem {
            key_batch, heads, ..
        } = *self.block.problem;
        let image = if key_batch == 1 { 0 } else { self.block.image };
        image * heads + head
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

/// Returns the exponential of each lane.
#[inline(always)]
fn exp<const N: usize>(mut x: Lanes<N>) -> Lanes<N> {
    for i in 0..N {
        x.0[i] = exp_nonpositive::<N>(x.0[i]);
    }
    x
}
