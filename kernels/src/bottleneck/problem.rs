//! What a bottleneck is asked: shapes and choices, no data. See [`BottleneckProblem`].

use std::fmt;

use super::BottleneckWeights;
use crate::{
    Activation, Epilogue, KernelError, Tensor,
    conv2d::{Conv2dProblem, ConvLayout},
};

/// The shape of a bottleneck's work: three convolutions, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BottleneckProblem {
    /// Widens; 1 × 1.
    pub expand: Conv2dProblem,
    /// Looks around.
    pub depthwise: Conv2dProblem,
    /// Narrows; 1 × 1.
    pub project: Conv2dProblem,
}

impl fmt::Display for BottleneckProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conv2dProblem {
            batch,
            height,
            width,
            layout,
            activation,
            ..
        } = self.expand;
        let ConvLayout {
            inputs, outputs, ..
        } = layout;
        let ConvLayout {
            kernel: [a, b],
            stride,
            ..
        } = self.depthwise.layout;
        let narrow = self.project.layout.outputs;
        write!(
            f,
            "{batch}×{height}×{width}×{inputs}→{outputs}→{narrow} {a}×{b}/{stride}"
        )?;
        let residual = if self.project.residual {
            " + residual"
        } else {
            ""
        };
        write!(
            f,
            "{}{residual}{}",
            activation.label(),
            self.project.activation.label()
        )
    }
}

impl BottleneckProblem {
    /// Checks that the arguments fit.
    pub(super) fn new(
        x: &Tensor,
        weights: &BottleneckWeights,
        activation: Activation,
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, KernelError> {
        let [expand, depthwise, project] = weights.convolutions();
        let expand = Conv2dProblem::new(x, expand, &activation.into())?;
        let behind = |before: Conv2dProblem, weights, activation, residual| {
            let [batch, height, width, _] = before.shape();
            Conv2dProblem::of([batch, height, width], weights, activation, residual)
        };
        let depthwise = behind(expand, depthwise, activation, false);
        let ConvLayout {
            kernel: [kh, kw],
            padding,
            ..
        } = depthwise.layout;
        if depthwise.height + 2 * padding < kh || depthwise.width + 2 * padding < kw {
            let expected = format!("an image of {kh} × {kw} at least, with {padding} around it");
            return Err(KernelError::shape("bottleneck", "x", x.shape(), expected));
        }
        let residual = epilogue.residual.is_some();
        let project = behind(depthwise, project, epilogue.activation, residual);
        epilogue.check("bottleneck", x.device(), &project.shape())?;
        Ok(Self {
            expand,
            depthwise,
            project,
        })
    }

    /// Returns the result's shape.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.project.shape().to_vec()
    }
}
