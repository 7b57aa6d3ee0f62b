//! The head with object-contextual representations (Yuan, Chen and Wang 2020). See [`Ocr`].

use kernels::{
    Activation, Epilogue, Tensor,
    conv2d::{BatchNorm, ConvWeights, conv2d},
    gather::gather,
};

use super::{RitmConfig, fusion::enlarged};
use crate::models::{
    ModelError,
    parameters::{BATCH_NORM_EPSILON, Parameters, square},
};

/// From HRNet's features to logits.
///
/// With one class there is one object vector, so a pixel's attention to it is the softmax of one
/// number: 1. The reference computes queries and keys for it; their parameters (`f_pixel`,
/// `f_object`) change nothing and are not read. The context is the same at every pixel, so its share
/// of the last convolution is computed once per image.
pub(super) struct Ocr {
    /// To a first guess, by which pixels are weighted.
    guess: [ConvWeights; 2],
    pixels: ConvWeights,
    /// `f_down` and `f_up`.
    object: [ConvWeights; 2],
    /// The halves of the last convolution: of the context, and of the pixels with the bias.
    mix: [ConvWeights; 2],
    logits: ConvWeights,
}

impl Ocr {
    /// Builds it from the parameters below `feature_extractor`.
    pub(super) fn load(config: RitmConfig, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let (inputs, keys) = (15 * config.width, config.ocr);
        let channels = 2 * keys;
        let guess = p.at("aux_head");
        let block = p.at("ocr_distri_head.object_context_block");
        let object = |name, inputs, outputs| {
            let layout = square(inputs, outputs, 1, 1);
            block.at(name).conv_norm("0", "1.0", layout)
        };
        Ok(Self {
            guess: [
                guess.biased_conv_norm("0", "1", square(inputs, inputs, 1, 1))?,
                guess.at(3).conv(square(inputs, 1, 1, 1), true)?,
            ],
            pixels: p.at("conv3x3_ocr").biased_conv_norm(
                "0",
                "1",
                square(inputs, channels, 3, 1),
            )?,
            object: [
                object("f_down", channels, keys)?,
                object("f_up", keys, channels)?,
            ],
            mix: load_mix(channels, &p.at("ocr_distri_head.conv_bn_dropout"))?,
            logits: p.at("cls_head").conv(square(channels, 1, 1, 1), true)?,
        })
    }

    /// Maps `[n, height, width, inputs]` to logits `[n, height, width, 1]`. `visit` sees results
    /// under their names in the reference.
    pub(super) fn forward(
        &self,
        features: &Tensor,
        visit: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Tensor, ModelError> {
        let relu = Epilogue::from(Activation::Relu);
        let guess = conv2d(features, &self.guess[0], relu)?;
        let guess = conv2d(&guess, &self.guess[1], Epilogue::NONE)?;
        visit("aux_head", &guess);
        let pixels = conv2d(features, &self.pixels, relu)?;
        visit("conv3x3_ocr", &pixels);
        let mut context = gather(&pixels, &guess)?;
        visit("ocr_gather_head", &context);
        for weights in &self.object {
            context = conv2d(&context, weights, relu)?;
        }
        let context = conv2d(&context, &self.mix[0], Epilogue::NONE)?;
        let mix = Epilogue {
            activation: Activation::Relu,
            residual: Some(&enlarged(&context, &pixels)?),
        };
        let mixed = conv2d(&pixels, &self.mix[1], mix)?;
        visit("ocr_distri_head", &mixed);
        let logits = conv2d(&mixed, &self.logits, Epilogue::NONE)?;
        visit("cls_head", &logits);
        Ok(logits)
    }
}

/// Builds the last convolution, of context and pixels one after the other, in two halves.
fn load_mix(channels: usize, p: &Parameters<'_>) -> Result<[ConvWeights; 2], ModelError> {
    let weight = p.at(0).values("weight", &[channels, 2 * channels, 1, 1])?;
    let norm = p.at("1.0");
    let of_norm = |name| norm.values(name, &[channels]);
    let (weight, bias) = BatchNorm {
        gamma: &of_norm("weight")?,
        beta: &of_norm("bias")?,
        mean: &of_norm("running_mean")?,
        variance: &of_norm("running_var")?,
        epsilon: BATCH_NORM_EPSILON,
    }
    .fold(&weight, None)?;
    let half = |start: usize, bias| {
        let rows = weight.chunks_exact(2 * channels);
        let half: Vec<f32> = rows
            .flat_map(|row| row[start..start + channels].iter().copied())
            .collect();
        let layout = square(channels, channels, 1, 1);
        ConvWeights::new(p.device(), layout, &half, bias)
    };
    Ok([half(0, None)?, half(channels, Some(&bias))?])
}
