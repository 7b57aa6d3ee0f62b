//! What attention must compute, written to be read, in `f64`.

use super::{AttentionProblem, BiasKind};

/// The data of a bias; see [`AttentionBias`](super::AttentionBias).
#[derive(Clone, Copy, Debug)]
pub enum Bias<'a> {
    /// Nothing.
    None,
    /// `[heads, queries, keys]`
    Table(&'a [f32]),
    /// Decomposed relative positions.
    RelativePositions {
        /// `[2 height − 1, head_dim]`
        rows: &'a [f32],
        /// `[2 width − 1, head_dim]`
        columns: &'a [f32],
    },
}

/// Returns the attention of some queries, counted through the batch; each of `q`, `k`, `v` is the
/// data from its first column on, and the distance of rows.
pub fn attention(
    problem: &AttentionProblem,
    q: (&[f32], usize),
    k: (&[f32], usize),
    v: (&[f32], usize),
    bias: &Bias<'_>,
    queries: impl IntoIterator<Item = usize>,
) -> Vec<f32> {
    let d = problem.head_dim;
    let mut out = Vec::new();
    for token in queries {
        let (n, i) = (token / problem.queries, token % problem.queries);
        let first_key = if problem.key_batch == 1 {
            0
        } else {
            n * problem.keys
        };
        for head in 0..problem.heads {
            let query = row(q, token, head, d);
            let scores: Vec<f64> = (0..problem.keys)
                .map(|j| {
                    let key = row(k, first_key + j, head, d);
                    dot(&query, &key) / (d as f64).sqrt()
                        + bias_of(problem, bias, &query, [head, i, j])
                })
                .collect();
            // f64::max skips NaN; a NaN score reaches the result through the sum.
            let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|s| (s - greatest).exp()).collect();
            let sum: f64 = weights.iter().sum();
            let mut result = vec![0.0; d];
            for (j, weight) in weights.iter().enumerate() {
                for (r, v) in result.iter_mut().zip(row(v, first_key + j, head, d)) {
                    *r += weight / sum * v;
                }
            }
            out.extend(result.iter().map(|&r| r as f32));
        }
    }
    out
}

/// Returns a token's part in a head.
fn row((data, stride): (&[f32], usize), token: usize, head: usize, d: usize) -> Vec<f64> {
    let start = token * stride + head * d;
    data[start..start + d]
        .iter()
        .map(|&x| f64::from(x))
        .collect()
}

/// Returns what is added to the score of query `i` and key `j`.
fn bias_of(
    problem: &AttentionProblem,
    bias: &Bias<'_>,
    query: &[f64],
    [head, i, j]: [usize; 3],
) -> f64 {
    match (*bias, problem.bias) {
        (Bias::Table(table), _) => {
            f64::from(table[(head * problem.queries + i) * problem.keys + j])
        }
        (
            Bias::RelativePositions { rows, columns },
            BiasKind::RelativePositions { height, width },
        ) => {
            let entry = |table: &[f32], offset: usize| -> f64 {
                let entry = &table[offset * query.len()..][..query.len()];
                query
                    .iter()
                    .zip(entry)
                    .map(|(q, &r)| q * f64::from(r))
                    .sum()
            };
            entry(rows, i / width + height - 1 - j / width)
                + entry(columns, i % width + width - 1 - j % width)
        }
        _ => 0.0,
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
