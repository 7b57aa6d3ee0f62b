//! What a linear layer is asked: shapes and choices, no data. See [`LinearProblem`].

use std::fmt;

use super::LinearWeights;
use crate::{Activation, Epilogue, KernelError, Tensor};

/// The shape of a linear layer's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinearProblem {
    /// Rows of the input and the output.
    pub rows: usize,
    /// Columns of the input.
    pub inputs: usize,
    /// Columns of the output.
    pub outputs: usize,
    /// Whether a bias is added.
    pub bias: bool,
    /// Whether a residual is added.
    pub residual: bool,
    /// Applied last.
    pub activation: Activation,
}

impl fmt::Display for LinearProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let residual = if self.residual { " + residual" } else { "" };
        let activation = self.activation.label();
        let Self {
            rows,
            inputs,
            outputs,
            ..
        } = self;
        write!(f, "{rows}×{inputs}→{outputs}{residual}{activation}")
    }
}

impl LinearProblem {
    /// Checks that the arguments fit; returns the problem and the result's shape.
    pub(super) fn new(
        x: &Tensor,
        weights: &LinearWeights,
        epilogue: &Epilogue<'_>,
    ) -> Result<(Self, Vec<usize>), KernelError> {
        let Some((&inputs, rows)) = x.shape().split_last() else {
            return Err(KernelError::shape("linear", "x", &[], "at least one axis"));
        };
        if inputs != weights.inputs() {
            let expected = format!("[…, {}]", weights.inputs());
            return Err(KernelError::shape("linear", "x", x.shape(), expected));
        }
        let mut shape = rows.to_vec();
        shape.push(weights.outputs());
        x.device().check("linear", [&weights.device])?;
        epilogue.check("linear", x.device(), &shape)?;
        let problem = Self {
            rows: rows.iter().product(),
            inputs,
            outputs: weights.outputs(),
            bias: weights.has_bias,
            residual: epilogue.residual.is_some(),
            activation: epilogue.activation,
        };
        Ok((problem, shape))
    }
}
