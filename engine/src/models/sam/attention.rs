//! The attentions of the decoder's transformer: among tokens, from tokens to image and back.
//! See [`SelfAttention`], [`TokensToImage`] and [`ImageToTokens`].

use kernels::{
    Epilogue, Tensor,
    attention::{AttentionBias, attention},
    elementwise::add,
    linear::{LinearWeights, linear},
};

use super::{EMBEDDING, transformer::repeat};
use crate::models::{ModelError, parameters::Parameters};

/// Heads of every attention.
const HEADS: usize = 8;

/// Width of the attention between tokens and image.
const CROSS: usize = EMBEDDING / 2;

/// Tokens attend to each other.
pub(super) struct SelfAttention {
    /// Queries and keys side by side.
    queries_and_keys: LinearWeights,
    values: LinearWeights,
    out: LinearWeights,
}

impl SelfAttention {
    pub(super) fn load(p: &Parameters<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            queries_and_keys: p.linears(&["q_proj", "k_proj"], EMBEDDING, EMBEDDING)?,
            values: p.at("v_proj").linear(EMBEDDING, EMBEDDING)?,
            out: p.at("out_proj").linear(EMBEDDING, EMBEDDING)?,
        })
    }

    /// `positioned` is what attends and is attended to, `x` what is then averaged.
    pub(super) fn attend(
        &self,
        x: &Tensor,
        positioned: &Tensor,
        epilogue: Epilogue<'_>,
    ) -> Result<Tensor, ModelError> {
        let both = linear(positioned, &self.queries_and_keys, Epilogue::NONE)?;
        let values = linear(x, &self.values, Epilogue::NONE)?;
        let attended = attention(
            both.columns(0..EMBEDDING)?,
            both.columns(EMBEDDING..2 * EMBEDDING)?,
            &values,
            HEADS,
            AttentionBias::None,
        )?;
        Ok(linear(&attended, &self.out, epilogue)?)
    }
}

/// What the image contributes to both attentions of a layer.
pub(super) struct ImageProjections {
    /// Keys for the tokens; where the image attends back, its queries beside them.
    keys_and_queries: LinearWeights,
    values: LinearWeights,
}

/// An image as the attentions of a layer see it.
#[derive(Clone)]
pub(super) struct Projected {
    keys_and_queries: Tensor,
    values: Tensor,
}

impl ImageProjections {
    /// `positioned` and `values` name the linear layers.
    pub(super) fn load(
        p: &Parameters<'_>,
        positioned: &[&str],
        values: &str,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            keys_and_queries: p.linears(positioned, EMBEDDING, CROSS)?,
            values: p.at(values).linear(EMBEDDING, CROSS)?,
        })
    }

    pub(super) fn project(
        &self,
        image: &Tensor,
        positions: &Tensor,
    ) -> Result<Projected, ModelError> {
        let positioned = add(image, positions)?;
        Ok(Projected {
            keys_and_queries: linear(&positioned, &self.keys_and_queries, Epilogue::NONE)?,
            values: linear(image, &self.values, Epilogue::NONE)?,
        })
    }
}

/// Tokens attend to the image.
pub(super) struct TokensToImage {
    queries: LinearWeights,
    out: LinearWeights,
}

impl TokensToImage {
    pub(super) fn load(p: &Parameters<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            queries: p.at("q_proj").linear(EMBEDDING, CROSS)?,
            out: p.at("out_proj").linear(CROSS, EMBEDDING)?,
        })
    }

    /// Returns the tokens with what they found added.
    pub(super) fn attend(
        &self,
        x: &Tensor,
        positions: &Tensor,
        image: &Projected,
    ) -> Result<Tensor, ModelError> {
        let mut queries = linear(&add(x, positions)?, &self.queries, Epilogue::NONE)?;
        let (batch, tokens) = (x.shape()[0], x.shape()[1]);
        let images = image.values.shape()[0];
        // To one image for all, the tokens of all prompts attend together.
        queries = queries.reshape(&[images, batch * tokens / images, CROSS])?;
        let attended = attention(
            &queries,
            image.keys_and_queries.columns(0..CROSS)?,
            &image.values,
            HEADS,
            AttentionBias::None,
        )?;
        let attended = attended.reshape(&[batch, tokens, CROSS])?;
        Ok(linear(&attended, &self.out, Epilogue::add(x))?)
    }
}

/// The image attends to the tokens.
pub(super) struct ImageToTokens {
    keys: LinearWeights,
    values: LinearWeights,
    out: LinearWeights,
}

impl ImageToTokens {
    pub(super) fn load(p: &Parameters<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            keys: p.at("k_proj").linear(EMBEDDING, CROSS)?,
            values: p.at("v_proj").linear(EMBEDDING, CROSS)?,
            out: p.at("out_proj").linear(CROSS, EMBEDDING)?,
        })
    }

    /// Returns the image with what it found added.
    pub(super) fn attend(
        &self,
        image: &Tensor,
        projected: &Projected,
        x: &Tensor,
        positions: &Tensor,
    ) -> Result<Tensor, ModelError> {
        let queries = repeat(&projected.keys_and_queries, image.shape()[0])?;
        let keys = linear(&add(x, positions)?, &self.keys, Epilogue::NONE)?;
        let values = linear(x, &self.values, Epilogue::NONE)?;
        let attended = attention(
            queries.columns(CROSS..2 * CROSS)?,
            &keys,
            &values,
            HEADS,
            AttentionBias::None,
        )?;
        Ok(linear(&attended, &self.out, Epilogue::add(image))?)
    }
}
