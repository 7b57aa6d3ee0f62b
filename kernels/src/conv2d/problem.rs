//! What a convolution is asked: shapes and choices, no data. See [`Conv2dProblem`].

use std::fmt;

use super::ConvWeights;
use crate::{Activation, Epilogue, KernelError, Tensor};

/// Which input channels an output channel sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Groups {
    /// All of them.
    #[default]
    Full,
    /// The one of its own index; there are as many inputs as outputs.
    Depthwise,
}

/// A convolution's kernel and how it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvLayout {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Kernel height and width.
    pub kernel: [usize; 2],
    /// Step of the kernel, in pixels of the input, along both axes.
    pub stride: usize,
    /// Zeros around the input, on every side.
    pub padding: usize,
    /// Which channels are connected.
    pub groups: Groups,
}

/// The shape of a convolution's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dProblem {
    /// Images.
    pub batch: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// The kernel.
    pub layout: ConvLayout,
    /// Whether a bias is added.
    pub bias: bool,
    /// Whether a residual is added.
    pub residual: bool,
    /// Applied last.
    pub activation: Activation,
}

impl fmt::Display for Conv2dProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConvLayout {
            inputs,
            outputs,
            kernel: [a, b],
            stride,
            groups,
            ..
        } = self.layout;
        let depthwise = match groups {
            Groups::Full => "",
            Groups::Depthwise => " depthwise",
        };
        let residual = if self.residual { " + residual" } else { "" };
        let activation = self.activation.label();
        let Self {
            batch,
            height,
            width,
            ..
        } = self;
        write!(f, "{batch}×{height}×{width}×{inputs}→{outputs} {a}×{b}")?;
        write!(f, "/{stride}{depthwise}{residual}{activation}")
    }
}

impl Conv2dProblem {
    /// Checks that the arguments fit.
    pub(crate) fn new(
        x: &Tensor,
        weights: &ConvWeights,
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, KernelError> {
        let layout = weights.layout();
        let problem = match *x.shape() {
            [batch, height, width, inputs] if inputs == layout.inputs => {
                Self::of([batch, height, width], weights, epilogue)
            }
            _ => None,
        };
        let problem = problem.ok_or_else(|| {
            let [kh, kw] = layout.kernel;
            let expected = format!(
                "[n, height, width, {}], padded by {} at least {kh} × {kw}",
                layout.inputs, layout.padding
            );
            KernelError::shape("conv2d", "x", x.shape(), expected)
        })?;
        x.device().check("conv2d", [weights.device()])?;
        epilogue.check("conv2d", x.device(), &problem.shape())?;
        Ok(problem)
    }

    /// Describes a convolution of images with the right channels; `None` if they are smaller than the
    /// kernel.
    pub(crate) fn of(
        [batch, height, width]: [usize; 3],
        weights: &ConvWeights,
        epilogue: &Epilogue<'_>,
    ) -> Option<Self> {
        let layout = weights.layout();
        let [kh, kw] = layout.kernel;
        let fits = height + 2 * layout.padding >= kh && width + 2 * layout.padding >= kw;
        fits.then(|| Self {
            batch,
            height,
            width,
            layout,
            bias: weights.has_bias(),
            residual: epilogue.residual.is_some(),
            activation: epilogue.activation,
        })
    }

    /// Returns the height and width of the result.
    pub const fn output_size(&self) -> [usize; 2] {
        let ConvLayout {
            kernel: [kh, kw],
            stride,
            padding,
            ..
        } = self.layout;
        [
            (self.height + 2 * padding - kh) / stride + 1,
            (self.width + 2 * padding - kw) / stride + 1,
        ]
    }

    /// Returns the result's shape.
    pub(crate) fn shape(&self) -> [usize; 4] {
        let [height, width] = self.output_size();
        [self.batch, height, width, self.layout.outputs]
    }
}
