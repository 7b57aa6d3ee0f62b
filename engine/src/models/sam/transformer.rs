//! The decoder's transformer, in which tokens and image attend to each other.
//! See [`TwoWayTransformer`].

use kernels::{Activation, Epilogue, Tensor, concat::concat, elementwise::add, norm::layer_norm};
use kernels::{
    linear::{LinearWeights, linear},
    norm::NormWeights,
};

use super::{
    EMBEDDING,
    attention::{ImageProjections, ImageToTokens, Projected, SelfAttention, TokensToImage},
};
use crate::models::{ModelError, parameters::Parameters};

/// Number of layers.
const DEPTH: usize = 2;

/// Width of the MLPs' hidden layer.
const HIDDEN: usize = 2048;

/// ε of `torch.nn.LayerNorm`.
const EPSILON: f32 = 1e-5;

/// SAM's two-way transformer.
///
/// Tokens are `[n, tokens, 256]`, images `[n, 64, 64, 256]`. Whatever attends or is attended to has
/// its position added, but for the values: a token's position is what the token was at first, the
/// image's is the encoded grid.
pub struct TwoWayTransformer {
    layers: Vec<Layer>,
    last_projections: ImageProjections,
    last: TokensToImage,
    last_norm: NormWeights,
}

/// An image, and what the first layer computes of the image alone. With a batch of 1 it serves any
/// number of prompts.
#[derive(Clone)]
pub struct Source {
    image: Tensor,
    projected: Projected,
}

impl TwoWayTransformer {
    /// Builds it from the parameters below `mask_decoder.transformer`.
    pub(crate) fn load(p: &Parameters<'_>) -> Result<Self, ModelError> {
        let last = p.at("final_attn_token_to_image");
        Ok(Self {
            layers: (0..DEPTH)
                .map(|index| Layer::load(index == 0, &p.at("layers").at(index)))
                .collect::<Result<_, _>>()?,
            last_projections: ImageProjections::load(&last, &["k_proj"], "v_proj")?,
            last: TokensToImage::load(&last)?,
            last_norm: p.at("norm_final_attn").norm(EMBEDDING, EPSILON)?,
        })
    }

    /// Computes what the first layer needs of images, whatever the tokens.
    ///
    /// # Errors
    /// When the shapes are not those of images, or the device fails.
    pub fn source(&self, image: Tensor, positions: &Tensor) -> Result<Source, ModelError> {
        let projected = self.layers[0].projections.project(&image, positions)?;
        Ok(Source { image, projected })
    }

    /// Lets tokens and image attend to each other; returns both, batched as the tokens are.
    ///
    /// # Errors
    /// When the shapes do not fit each other, or the device fails.
    pub fn forward(
        &self,
        tokens: &Tensor,
        source: &Source,
        positions: &Tensor,
    ) -> Result<(Tensor, Tensor), ModelError> {
        let mut x = tokens.clone();
        let mut image = repeat(&source.image, tokens.shape()[0])?;
        for (index, layer) in self.layers.iter().enumerate() {
            let projected = if index == 0 {
                source.projected.clone()
            } else {
                layer.projections.project(&image, positions)?
            };
            (x, image) = layer.forward(&x, tokens, &image, &projected)?;
        }
        let projected = self.last_projections.project(&image, positions)?;
        let x = self.last.attend(&x, tokens, &projected)?;
        Ok((layer_norm(&x, &self.last_norm)?, image))
    }
}

/// One layer: four steps with a norm behind each.
struct Layer {
    /// In the first layer the tokens attend to each other without positions, and what comes out
    /// replaces them.
    first: bool,
    within: SelfAttention,
    projections: ImageProjections,
    to_image: TokensToImage,
    hidden: LinearWeights,
    project: LinearWeights,
    to_tokens: ImageToTokens,
    norms: [NormWeights; 4],
}

impl Layer {
    fn load(first: bool, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let norm = |index: usize| p.at(format!("norm{index}")).norm(EMBEDDING, EPSILON);
        Ok(Self {
            first,
            within: SelfAttention::load(&p.at("self_attn"))?,
            projections: ImageProjections::load(
                p,
                &[
                    "cross_attn_token_to_image.k_proj",
                    "cross_attn_image_to_token.q_proj",
                ],
                "cross_attn_token_to_image.v_proj",
            )?,
            to_image: TokensToImage::load(&p.at("cross_attn_token_to_image"))?,
            hidden: p.at("mlp.lin1").linear(EMBEDDING, HIDDEN)?,
            project: p.at("mlp.lin2").linear(HIDDEN, EMBEDDING)?,
            to_tokens: ImageToTokens::load(&p.at("cross_attn_image_to_token"))?,
            norms: [norm(1)?, norm(2)?, norm(3)?, norm(4)?],
        })
    }

    fn forward(
        &self,
        x: &Tensor,
        positions: &Tensor,
        image: &Tensor,
        projected: &Projected,
    ) -> Result<(Tensor, Tensor), ModelError> {
        let x = if self.first {
            self.within.attend(x, x, Epilogue::NONE)?
        } else {
            self.within
                .attend(x, &add(x, positions)?, Epilogue::add(x))?
        };
        let x = layer_norm(&x, &self.norms[0])?;
        let x = self.to_image.attend(&x, positions, projected)?;
        let x = layer_norm(&x, &self.norms[1])?;
        let hidden = linear(&x, &self.hidden, Activation::Relu.into())?;
        let x = linear(&hidden, &self.project, Epilogue::add(&x))?;
        let x = layer_norm(&x, &self.norms[2])?;
        let image = self.to_tokens.attend(image, projected, &x, positions)?;
        let image = layer_norm(&image, &self.norms[3])?;
        Ok((x, image))
    }
}

/// Repeats a batch of 1 to `batch`; a batch of that size is left alone.
pub(super) fn repeat(x: &Tensor, batch: usize) -> Result<Tensor, ModelError> {
    if x.shape()[0] == batch {
        return Ok(x.clone());
    }
    Ok(concat(&vec![x; batch], 0)?)
}
