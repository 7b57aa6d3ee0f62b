//! What ends every image encoder of the family: a 1×1 and a 3×3 convolution, each normalised.
//! See [`Neck`].

use kernels::{
    Epilogue, Tensor,
    conv2d::{ConvWeights, conv2d},
    norm::{NormWeights, layer_norm},
};

use super::{EMBEDDING, NORM_2D_EPSILON};
use crate::models::{
    ModelError,
    parameters::{Parameters, square},
};

/// Brings any encoder's channels to the embedding's.
pub(super) struct Neck {
    convolutions: [ConvWeights; 2],
    norms: [NormWeights; 2],
}

impl Neck {
    /// Builds it from the parameters below `image_encoder.neck`.
    pub(super) fn load(channels: usize, p: &Parameters<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            convolutions: [
                p.at(0).conv(square(channels, EMBEDDING, 1, 1), false)?,
                p.at(2).conv(square(EMBEDDING, EMBEDDING, 3, 1), false)?,
            ],
            norms: [
                p.at(1).norm(EMBEDDING, NORM_2D_EPSILON)?,
                p.at(3).norm(EMBEDDING, NORM_2D_EPSILON)?,
            ],
        })
    }

    /// Maps `[n, height, width, channels]` to `[n, height, width, 256]`.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        visit: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Tensor, ModelError> {
        let x = conv2d(x, &self.convolutions[0], Epilogue::NONE)?;
        visit("neck_0", &x);
        let x = layer_norm(&x, &self.norms[0])?;
        visit("neck_1", &x);
        let x = conv2d(&x, &self.convolutions[1], Epilogue::NONE)?;
        visit("neck_2", &x);
        let x = layer_norm(&x, &self.norms[1])?;
        visit("neck_3", &x);
        Ok(x)
    }
}
