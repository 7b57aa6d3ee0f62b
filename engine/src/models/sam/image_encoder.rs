//! From a prepared frame to the image embedding. See [`ImageEncoder`].

use kernels::{Device, Tensor};

use super::{EncoderConfig, tiny_vit::TinyVit, vit::Vit};
use crate::{
    models::{ModelError, parameters::Parameters},
    weights::WeightSource,
};

/// An image encoder of the family.
pub enum ImageEncoder {
    /// SAM's own.
    Vit(Box<Vit>),
    /// That of MobileSAM and LiteMedSAM.
    TinyVit(Box<TinyVit>),
}

impl ImageEncoder {
    /// Builds the encoder from the parameters called `image_encoder.*`.
    ///
    /// # Errors
    /// When a parameter is missing or has another shape.
    pub fn load(
        config: &EncoderConfig,
        source: &dyn WeightSource,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let p = Parameters::new(source, device).at("image_encoder");
        Ok(match config {
            EncoderConfig::Vit(vit) => Self::Vit(Box::new(Vit::load(vit, &p)?)),
            EncoderConfig::TinyVit(tiny) => Self::TinyVit(Box::new(TinyVit::load(tiny, &p)?)),
        })
    }

    /// Encodes a prepared frame, `[1, frame, frame, 3]`, to `[1, grid, grid, 256]`.
    ///
    /// # Errors
    /// When the frame has another shape, or the device fails.
    pub fn encode(&self, frame: &Tensor) -> Result<Tensor, ModelError> {
        self.encode_visiting(frame, &mut |_, _| {})
    }

    /// As [`ImageEncoder::encode`]; `visit` sees intermediate results, channel-last, under their
    /// names in the reference implementation: `patch_embed`, `layer_k` or `block_k`, `neck_k`.
    ///
    /// # Errors
    /// As there.
    pub fn encode_visiting(
        &self,
        frame: &Tensor,
        visit: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Tensor, ModelError> {
        match self {
            Self::Vit(vit) => vit.encode(frame, visit),
            Self::TinyVit(tiny) => tiny.encode(frame, visit),
        }
    }
}
