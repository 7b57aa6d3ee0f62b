//! Softmax attention, per image and head `h` of `d` channels:
//!
//! `y[i] = Σ_j softmax_j(q[i]·k[j] / √d + bias[h, i, j]) v[j]`.
//!
//! Queries are `[n, …, heads·d]`, keys and values `[n, …, heads·d]`; all axes between the first
//! and the last are tokens, so images and windows need no reshape. Heads lie side by side in the
//! last axis. The scores are never stored as a whole. See [`attention()`].

#[cfg(feature = "wgpu")]
mod blueprint;
mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

use crate::{Columns, KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::{AttentionProblem, BiasKind};

/// What is added to the scaled scores.
#[derive(Clone, Copy, Debug)]
pub enum AttentionBias<'a> {
    /// Nothing.
    None,
    /// A table `[heads, query tokens, key tokens]`, the same for every image (TinyViT).
    Table(&'a Tensor),
    /// SAM's decomposed relative positions on a grid of tokens, queries and keys alike:
    /// `q[i]·rows[yᵢ − yⱼ + height − 1] + q[i]·columns[xᵢ − xⱼ + width − 1]`, with the query
    /// before scaling.
    RelativePositions {
        /// `[2 height − 1, d]`, `rel_pos_h` in checkpoints.
        rows: &'a Tensor,
        /// `[2 width − 1, d]`, `rel_pos_w` in checkpoints.
        columns: &'a Tensor,
    },
}

/// Attends from `q` to `k` and `v`; the result is `[n, …, heads·d]` with the axes of `q`.
///
/// Each of the three may be a range of columns of a fused projection ([`Tensor::columns`]). Keys
/// and values may have a batch of 1, which then serves every image of `q`.
///
/// # Errors
/// When the shapes do not fit each other, `heads` or the bias; or there is no key.
pub fn attention<'a>(
    q: impl Into<Columns<'a>>,
    k: impl Into<Columns<'a>>,
    v: impl Into<Columns<'a>>,
    heads: usize,
    bias: AttentionBias<'_>,
) -> Result<Tensor, KernelError> {
    let (q, k, v) = (q.into(), k.into(), v.into());
    let (problem, shape) = AttentionProblem::new(&q, &k, &v, heads, &bias)?;
    let device = q.tensor().device();
    let _timed = timer::operation("attention", Some(device), || {
        (problem, Some(problem.cost()))
    });
    #[cfg(feature = "wgpu")]
    if device.as_gpu().is_some() {
        let out = cube::attention(&problem, [&q, &k, &v].map(cube::Rows::from), bias.into())?;
        return Ok(Tensor::on_gpu(device, shape, out));
    }
    let bias = match bias {
        AttentionBias::None => reference::Bias::None,
        AttentionBias::Table(table) => reference::Bias::Table(table.cpu()),
        AttentionBias::RelativePositions { rows, columns } => reference::Bias::RelativePositions {
            rows: rows.cpu(),
            columns: columns.cpu(),
        },
    };
    Ok(Tensor::on_cpu(device, shape, |out| {
        cpu::attention(
            device.as_cpu(),
            &problem,
            [q.cpu(), k.cpu(), v.cpu()],
            &bias,
            out,
        );
    }))
}
