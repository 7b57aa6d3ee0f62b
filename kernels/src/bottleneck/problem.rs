//! What a bottleneck is asked: shapes and choices, no data. See [`BottleneckProblem`].

use std::fmt;

use super::BottleneckWeights;
use crate::{
    Activation, Epilogue, KernelError, Tensor,
    conv2d::{Conv2dProblem, ConvLayout, ConvWeights},
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
        let behind = |before: Conv2dProblem, weights: &ConvWeights, epilogue: &Epilogue<'_>| {
            let [batch, height, width, _] = before.shape();
            let problem = Conv2dProblem::of([batch, height, width], weights, epilogue);
            problem.ok_or_else(|| {
                let ConvLayout {
                    kernel: [kh, kw],
                    padding,
                    ..
                } = weights.layout();
                let expected =
                    format!("an image of {kh} × {kw} at least, with {padding} around it");
                KernelError::shape("bottleneck", "x", x.shape(), expected)
            })
        };
        let expand = Conv2dProblem::new(x, expand, &activation.into())?;
        let depthwise = behind(expand, depthwise, &activation.into())?;
        let project = behind(depthwise, project, epilogue)?;
        epilogue.check("bottleneck", x.device(), &project.shape())?;
        Ok(Self {
            expand,
            depthwise,
            project,
        })
    }
}
