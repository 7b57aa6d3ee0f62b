//! From tokens and image to mask logits and predicted IoUs. See [`MaskDecoder`].

use kernels::{
    Activation, Epilogue, Tensor,
    concat::{concat, slice},
    conv_transpose2d::{ConvTransposeWeights, conv_transpose2d},
    elementwise::activate,
    linear::{LinearWeights, linear},
    matmul::matmul_transposed,
    norm::{NormWeights, layer_norm},
};

use super::{EMBEDDING, GRID, LOW, NORM_2D_EPSILON, transformer::TwoWayTransformer};
use crate::models::{ModelError, parameters::Parameters};

/// Candidate masks: token 0 for an unambiguous prompt, then three of several sizes.
pub const CANDIDATES: usize = 4;

/// Channels of the image when it is half, and when it is fully upscaled.
const UPSCALED: [usize; 2] = [EMBEDDING / 4, EMBEDDING / 8];

/// SAM's mask decoder.
pub struct MaskDecoder {
    /// The IoU token and the mask tokens: `[5, 256]`, row-major.
    tokens: Vec<f32>,
    /// The attention between tokens and image.
    pub transformer: TwoWayTransformer,
    first_upscale: ConvTransposeWeights,
    upscale_norm: NormWeights,
    second_upscale: ConvTransposeWeights,
    /// From each mask token to what its mask is made with.
    mixers: [Mlp; CANDIDATES],
    score: Mlp,
}

impl MaskDecoder {
    /// Builds it from the parameters below `mask_decoder`.
    pub(crate) fn load(p: &Parameters<'_>) -> Result<Self, ModelError> {
        let mut tokens = p.values("iou_token.weight", &[1, EMBEDDING])?;
        tokens.extend(p.values("mask_tokens.weight", &[CANDIDATES, EMBEDDING])?);
        let upscaling = p.at("output_upscaling");
        let mixer = |index: usize| {
            let mlp = p.at("output_hypernetworks_mlps").at(index);
            Mlp::load(UPSCALED[1], &mlp)
        };
        Ok(Self {
            tokens,
            transformer: TwoWayTransformer::load(&p.at("transformer"))?,
            first_upscale: upscaling.at(0).conv_transpose(EMBEDDING, UPSCALED[0])?,
            upscale_norm: upscaling.at(1).norm(UPSCALED[0], NORM_2D_EPSILON)?,
            second_upscale: upscaling.at(3).conv_transpose(UPSCALED[0], UPSCALED[1])?,
            mixers: [mixer(0)?, mixer(1)?, mixer(2)?, mixer(3)?],
            score: Mlp::load(CANDIDATES, &p.at("iou_prediction_head"))?,
        })
    }

    /// Returns the tokens that come before those of a prompt: `[5, 256]`, row-major.
    pub fn tokens(&self) -> &[f32] {
        &self.tokens
    }

    /// Turns what the transformer made of tokens and image into mask logits, `[n, 4, 256, 256]`,
    /// and predicted IoUs, `[n, 4]`.
    ///
    /// # Errors
    /// When the shapes do not fit each other, or the device fails.
    pub fn read_out(
        &self,
        tokens: &Tensor,
        image: &Tensor,
    ) -> Result<(Tensor, Tensor), ModelError> {
        let batch = tokens.shape()[0];
        let token = |index: usize| slice(tokens, 1, index..index + 1);
        let pixels = conv_transpose2d(image, &self.first_upscale, Activation::None)?;
        let pixels = activate(&layer_norm(&pixels, &self.upscale_norm)?, Activation::Gelu)?;
        let pixels = conv_transpose2d(&pixels, &self.second_upscale, Activation::Gelu)?;
        let pixels = pixels.reshape(&[batch, LOW * LOW, UPSCALED[1]])?;
        let mixed = self
            .mixers
            .iter()
            .enumerate()
            .map(|(index, mixer)| mixer.forward(&token(1 + index)?))
            .collect::<Result<Vec<_>, ModelError>>()?;
        let mixed = concat(&mixed.iter().collect::<Vec<_>>(), 1)?;
        let logits = matmul_transposed(&mixed, &pixels)?;
        let scores = self.score.forward(&token(0)?)?;
        Ok((
            logits.reshape(&[batch, CANDIDATES, LOW, LOW])?,
            scores.reshape(&[batch, CANDIDATES])?,
        ))
    }
}

/// Three linear layers, rectified between them.
struct Mlp([LinearWeights; 3]);

impl Mlp {
    fn load(outputs: usize, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let layer = |index: usize, outputs| p.at("layers").at(index).linear(EMBEDDING, outputs);
        Ok(Self([
            layer(0, EMBEDDING)?,
            layer(1, EMBEDDING)?,
            layer(2, outputs)?,
        ]))
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let x = linear(x, &self.0[0], Activation::Relu.into())?;
        let x = linear(&x, &self.0[1], Activation::Relu.into())?;
        Ok(linear(&x, &self.0[2], Epilogue::NONE)?)
    }
}

// The two upscalings double the grid twice.
const _: () = assert!(LOW == 4 * GRID);
