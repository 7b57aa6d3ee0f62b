//! The Segment Anything family: one prompt encoder and mask decoder, several image encoders.
//! See [`Sam`].
//!
//! ```text
//! slice ─ preprocess ─► frame ─ image_encoder (vit | tiny_vit, neck) ─► embedding
//! clicks, box, logits ─ prompt_encoder ─► tokens, map
//! embedding, tokens, map ─ mask_decoder (transformer) ─► logits, predicted IoUs
//! logits ─ postprocess ─► masks of the slice
//! ```
//!
//! Everything is channel-last. Parameters have the names of the official checkpoints.

mod attention;
mod config;
mod decoder;
mod geometry;
mod image_encoder;
mod mask_decoder;
mod neck;
mod postprocess;
mod preprocess;
mod prompt_encoder;
mod tiny_vit;
mod transformer;
mod vit;

use std::sync::Arc;

use kernels::Device;
use ndarray::ArrayView3;
use rayon::prelude::*;

pub use config::{
    EMBEDDING, EncoderConfig, GRID, Intensity, LOW, SamConfig, StageConfig, TinyVitConfig,
    VitConfig,
};
pub use decoder::{Decoder, LowResolution, PreparedEmbedding};
pub use geometry::{Geometry, Size};
pub use image_encoder::ImageEncoder;
pub use mask_decoder::{CANDIDATES, MaskDecoder};
pub use postprocess::{for_each_row, threshold};
pub use preprocess::prepare;
pub use prompt_encoder::{FramePrompt, PromptEncoder};
pub use transformer::{Source, TwoWayTransformer};

use super::{Candidate, Candidates, Embedding, Model, ModelError, Prediction, Query};
use crate::weights::WeightSource;

/// ε of SAM's `LayerNorm2d`.
const NORM_2D_EPSILON: f32 = 1e-6;

/// A model of the family with its weights.
pub struct Sam {
    name: String,
    config: SamConfig,
    device: Device,
    /// From frame to embedding.
    pub encoder: ImageEncoder,
    /// From embedding and prompts to logits.
    pub decoder: Decoder,
}

/// What [`Sam`] computes from a slice.
#[derive(Clone)]
pub struct SamEmbedding {
    /// How slice and frame relate.
    pub geometry: Geometry,
    /// What the decoder needs.
    pub image: PreparedEmbedding,
}

impl Sam {
    /// Builds the model on a device; `name` is what rows and figures call it.
    ///
    /// # Errors
    /// When a parameter is missing or has another shape.
    pub fn load(
        name: &str,
        config: SamConfig,
        source: &dyn WeightSource,
        device: &Device,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            name: name.to_owned(),
            encoder: ImageEncoder::load(&config.encoder, source, device)?,
            decoder: Decoder::load(config.frame, source, device)?,
            device: device.clone(),
            config,
        })
    }

    /// Computes the embedding of a slice; `pixels` is RGB, `[height, width, 3]`.
    ///
    /// # Errors
    /// When the slice has no pixels, the result is not finite, or the device fails.
    pub fn embed(&self, pixels: ArrayView3<'_, u8>) -> Result<SamEmbedding, ModelError> {
        let (height, width, _) = pixels.dim();
        if pixels.is_empty() {
            return Err(ModelError::Empty { height, width });
        }
        let geometry = Geometry::new(height, width, self.config.frame);
        let frame = prepare(pixels, &geometry, self.config.intensity, &self.device)?;
        let embedding = self.encoder.encode(&frame)?;
        self.ensure_finite(&embedding.to_vec()?, "the image encoder")?;
        Ok(SamEmbedding {
            geometry,
            image: self.decoder.prepare(embedding)?,
        })
    }

    /// Predicts low-resolution logits for prompts in the frame.
    ///
    /// # Errors
    /// When fed back logits are not 256 × 256, a result is not finite, or the device fails.
    pub fn predict(
        &self,
        embedding: &SamEmbedding,
        prompts: &[FramePrompt<'_>],
    ) -> Result<Vec<LowResolution>, ModelError> {
        let answers = self.decoder.predict(&embedding.image, prompts)?;
        for answer in &answers {
            for logits in &answer.logits {
                let logits = logits.as_slice().expect("built in standard layout");
                self.ensure_finite(logits, "the mask decoder")?;
            }
            self.ensure_finite(&answer.scores, "the predicted IoUs")?;
        }
        Ok(answers)
    }

    fn ensure_finite(&self, values: &[f32], stage: &'static str) -> Result<(), ModelError> {
        if values.iter().all(|value| value.is_finite()) {
            return Ok(());
        }
        Err(ModelError::NotFinite {
            model: self.name.clone(),
            stage,
        })
    }
}

impl Model for Sam {
    fn name(&self) -> &str {
        &self.name
    }

    fn candidates(&self) -> Candidates {
        Candidates::SingleThenMulti
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        Ok(Embedding(Arc::new(self.embed(pixels)?)))
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        let Some(embedding) = embedding.0.downcast_ref::<SamEmbedding>() else {
            return Err(ModelError::ForeignEmbedding {
                model: self.name.clone(),
            });
        };
        let prompts: Vec<_> = queries
            .iter()
            .map(|query| in_frame(query, &embedding.geometry))
            .collect();
        let answers = self.predict(embedding, &prompts)?;
        Ok(answers
            .into_par_iter()
            .map(|answer| upscale(answer, &embedding.geometry))
            .collect())
    }
}

/// Moves a query's coordinates from the slice to the frame.
fn in_frame<'a>(query: &Query<'a>, geometry: &Geometry) -> FramePrompt<'a> {
    let map = |x: u32, y: u32| geometry.frame_from_slice(f64::from(x), f64::from(y));
    FramePrompt {
        points: query
            .call
            .clicks
            .iter()
            .map(|click| (map(click.x, click.y), click.positive))
            .collect(),
        bounds: query
            .call
            .bounds
            .map(|bounds| [map(bounds.x0, bounds.y0), map(bounds.x1, bounds.y1)]),
        logits: query.logits,
    }
}

/// Brings an answer to the slice's size.
fn upscale(answer: LowResolution, geometry: &Geometry) -> Prediction {
    let masks = answer
        .logits
        .into_par_iter()
        .zip(answer.scores)
        .map(|(logits, predicted_iou)| Candidate {
            bitmap: threshold(logits.view(), geometry),
            predicted_iou,
            logits,
        })
        .collect();
    Prediction { masks }
}
