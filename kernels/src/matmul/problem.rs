//! What a product is asked: shapes, no data. See [`MatmulProblem`].

use std::fmt;

use crate::{KernelError, Tensor};

/// The shape of a batched product `a bᵀ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatmulProblem {
    /// Independent products.
    pub batch: usize,
    /// Rows of `a` and of the result.
    pub rows: usize,
    /// Rows of `b`, columns of the result.
    pub columns: usize,
    /// The summed axis, last in both.
    pub inner: usize,
}

impl fmt::Display for MatmulProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            batch,
            rows,
            columns,
            inner,
        } = self;
        write!(f, "{batch}×({rows}×{inner}·{inner}×{columns})")
    }
}

impl MatmulProblem {
    /// Checks that the arguments fit.
    pub(super) fn new(a: &Tensor, b: &Tensor) -> Result<Self, KernelError> {
        a.device().check("matmul", [b.device()])?;
        let &[batch, rows, inner] = a.shape() else {
            let expected = "[n, rows, inner]";
            return Err(KernelError::shape("matmul", "a", a.shape(), expected));
        };
        match *b.shape() {
            [n, columns, k] if n == batch && k == inner => Ok(Self {
                batch,
                rows,
                columns,
                inner,
            }),
            _ => {
                let expected = format!("[{batch}, columns, {inner}]");
                Err(KernelError::shape("matmul", "b", b.shape(), expected))
            }
        }
    }

    /// Returns the result's shape.
    pub(super) fn shape(&self) -> Vec<usize> {
        vec![self.batch, self.rows, self.columns]
    }
}
