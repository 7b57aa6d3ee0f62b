//! HRNet's residual blocks, batch norms folded into their convolutions. See [`Block`].

use kernels::{
    Activation, Epilogue, Tensor,
    conv2d::{ConvWeights, conv2d},
};

use crate::models::{
    ModelError,
    parameters::{Parameters, square},
};

/// A chain of convolutions, each but the last followed by a ReLU, whose sum with the input (or a
/// projection of it) is rectified.
pub(super) struct Block {
    convolutions: Vec<ConvWeights>,
    projection: Option<ConvWeights>,
}

impl Block {
    /// Builds a `BasicBlock`: two 3×3 convolutions.
    pub(super) fn basic(channels: usize, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let layer = |index: usize| {
            let layout = square(channels, channels, 3, 1);
            p.conv_norm(&format!("conv{index}"), &format!("bn{index}"), layout)
        };
        Ok(Self {
            convolutions: vec![layer(1)?, layer(2)?],
            projection: None,
        })
    }

    /// Builds a `Bottleneck`, 1×1, 3×3 and 1×1, with a projection where the width changes.
    pub(super) fn bottleneck(
        inputs: usize,
        hidden: usize,
        outputs: usize,
        p: &Parameters<'_>,
    ) -> Result<Self, ModelError> {
        let projection = (inputs != outputs)
            .then(|| {
                let layout = square(inputs, outputs, 1, 1);
                p.conv_norm("downsample.0", "downsample.1", layout)
            })
            .transpose()?;
        Ok(Self {
            convolutions: vec![
                p.conv_norm("conv1", "bn1", square(inputs, hidden, 1, 1))?,
                p.conv_norm("conv2", "bn2", square(hidden, hidden, 3, 1))?,
                p.conv_norm("conv3", "bn3", square(hidden, outputs, 1, 1))?,
            ],
            projection,
        })
    }

    /// Maps `[n, height, width, inputs]` to `[n, height, width, outputs]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let projected = match &self.projection {
            Some(projection) => Some(conv2d(x, projection, Epilogue::NONE)?),
            None => None,
        };
        let mut y = x.clone();
        for (index, weights) in self.convolutions.iter().enumerate() {
            let is_last = index + 1 == self.convolutions.len();
            let epilogue = Epilogue {
                activation: Activation::Relu,
                residual: is_last.then_some(projected.as_ref().unwrap_or(x)),
            };
            y = conv2d(&y, weights, epilogue)?;
        }
        Ok(y)
    }
}
