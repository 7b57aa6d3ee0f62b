//! What a transposed convolution is asked: shapes and choices, no data. See
//! [`ConvTransposeProblem`].

use std::fmt;

use super::ConvTransposeWeights;
use crate::{Activation, KernelError, Tensor};

/// The shape of a transposed convolution's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvTransposeProblem {
    /// Images.
    pub batch: usize,
    /// Rows of the input; the output has twice as many.
    pub height: usize,
    /// Columns of the input; the output has twice as many.
    pub width: usize,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Whether a bias is added.
    pub bias: bool,
    /// Applied last.
    pub activation: Activation,
}

impl fmt::Display for ConvTransposeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let activation = self.activation.label();
        let Self {
            batch,
            height,
            width,
            inputs,
            outputs,
            ..
        } = self;
        write!(f, "{batch}×{height}×{width}×{inputs}→{outputs}{activation}")
    }
}

impl ConvTransposeProblem {
    /// Checks that the arguments fit.
    pub(super) fn new(
        x: &Tensor,
        weights: &ConvTransposeWeights,
        activation: Activation,
    ) -> Result<Self, KernelError> {
        x.device().check("conv_transpose2d", [&weights.device])?;
        match *x.shape() {
            [batch, height, width, inputs] if inputs == weights.inputs => Ok(Self {
                batch,
                height,
                width,
                inputs,
                outputs: weights.outputs,
                bias: weights.has_bias,
                activation,
            }),
            _ => {
                let expected = format!("[n, height, width, {}]", weights.inputs);
                Err(KernelError::shape(
                    "conv_transpose2d",
                    "x",
                    x.shape(),
                    expected,
                ))
            }
        }
    }

    /// Returns the result's shape.
    pub(super) fn shape(&self) -> Vec<usize> {
        vec![self.batch, 2 * self.height, 2 * self.width, self.outputs]
    }
}
