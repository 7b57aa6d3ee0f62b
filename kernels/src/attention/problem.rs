//! What an attention is asked: shapes and choices, no data. See [`AttentionProblem`].

use std::fmt;

use super::AttentionBias;
use crate::{Columns, KernelError};

/// Which bias is added to the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BiasKind {
    /// None.
    None,
    /// A table per head.
    Table,
    /// SAM's decomposed relative positions on a grid.
    RelativePositions {
        /// Rows of the grid of tokens.
        height: usize,
        /// Columns of the grid of tokens.
        width: usize,
    },
}

/// The shape of an attention's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttentionProblem {
    /// Images (or windows) of queries.
    pub batch: usize,
    /// Images of keys and values: `batch`, or 1 to serve all.
    pub key_batch: usize,
    /// Heads.
    pub heads: usize,
    /// Channels of a head.
    pub head_dim: usize,
    /// Query tokens of an image.
    pub queries: usize,
    /// Key tokens of an image.
    pub keys: usize,
    /// What is added to the scores.
    pub bias: BiasKind,
}

impl fmt::Display for AttentionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bias = match self.bias {
            BiasKind::None => "",
            BiasKind::Table => " + table",
            BiasKind::RelativePositions { .. } => " + positions",
        };
        let Self {
            batch,
            heads,
            head_dim,
            queries,
            keys,
            ..
        } = self;
        write!(f, "{batch}×{heads}×({queries}, {keys})×{head_dim}{bias}")
    }
}

impl AttentionProblem {
    /// Checks that the arguments fit; returns the problem and the result's shape.
    pub(super) fn new(
        q: &Columns<'_>,
        k: &Columns<'_>,
        v: &Columns<'_>,
        heads: usize,
        bias: &AttentionBias<'_>,
    ) -> Result<(Self, Vec<usize>), KernelError> {
        let error = |argument, x: &Columns<'_>, expected: String| {
            KernelError::shape("attention", argument, x.tensor().shape(), expected)
        };
        let others = [k.tensor().device(), v.tensor().device()];
        q.tensor().device().check("attention", others)?;
        let [batch, queries] = tokens(q).ok_or_else(|| error("q", q, "[n, …, c]".into()))?;
        let [key_batch, keys] = tokens(k).ok_or_else(|| error("k", k, "[n, …, c]".into()))?;
        let width = q.width();
        if heads == 0 || !width.is_multiple_of(heads) || width == 0 {
            return Err(error("q", q, format!("columns that {heads} heads share")));
        }
        if k.width() != width || keys == 0 || (key_batch != batch && key_batch != 1) {
            let expected = format!("a batch of {batch} or 1, tokens, and {width} columns");
            return Err(error("k", k, expected));
        }
        if tokens(v) != Some([key_batch, keys]) || v.width() != width {
            let expected = format!("[{key_batch}, {keys} tokens, {width} columns]");
            return Err(error("v", v, expected));
        }
        let mut problem = Self {
            batch,
            key_batch,
            heads,
            head_dim: width / heads,
            queries,
            keys,
            bias: BiasKind::None,
        };
        problem.bias = problem.bias_kind(q, bias)?;
        let mut shape = q.tensor().shape().to_vec();
        shape.pop();
        shape.push(width);
        Ok((problem, shape))
    }

    /// Checks that the bias fits the rest.
    fn bias_kind(
        &self,
        q: &Columns<'_>,
        bias: &AttentionBias<'_>,
    ) -> Result<BiasKind, KernelError> {
        match *bias {
            AttentionBias::None => Ok(BiasKind::None),
            AttentionBias::Table(table) => {
                let expected = [self.heads, self.queries, self.keys];
                if table.shape() != expected {
                    let expected = format!("{expected:?}");
                    return Err(KernelError::shape(
                        "attention",
                        "bias table",
                        table.shape(),
                        expected,
                    ));
                }
                Ok(BiasKind::Table)
            }
            AttentionBias::RelativePositions { rows, columns } => {
                let &[_, height, width, _] = q.tensor().shape() else {
                    return Err(KernelError::shape(
                        "attention",
                        "q",
                        q.tensor().shape(),
                        "[n, height, width, c], as relative positions need",
                    ));
                };
                if self.keys != self.queries {
                    let found = [self.keys];
                    let expected = format!("{height} × {width} tokens, as the queries");
                    return Err(KernelError::shape("attention", "k", &found, expected));
                }
                for (name, table, extent) in [
                    ("row positions", rows, height),
                    ("column positions", columns, width),
                ] {
                    let expected = [(2 * extent).saturating_sub(1), self.head_dim];
                    if table.shape() != expected {
                        let expected = format!("{expected:?}");
                        return Err(KernelError::shape(
                            "attention",
                            name,
                            table.shape(),
                            expected,
                        ));
                    }
                }
                Ok(BiasKind::RelativePositions { height, width })
            }
        }
    }
}

/// Returns the batch and the number of tokens of an image, if there are at least two axes.
fn tokens(x: &Columns<'_>) -> Option<[usize; 2]> {
    match x.tensor().shape() {
        [batch, tokens @ .., _] => Some([*batch, tokens.iter().product()]),
        _ => None,
    }
}
