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

use kernels::{Device, Tensor};
use ndarray::{Array2, ArrayView3};
use rayon::prelude::*;

pub use config::{
    EMBEDDING, EncoderConfig, GRID, LOW, Preparation, SamConfig, StageConfig, TinyVitConfig,
    VitConfig,
};
pub use decoder::{Decoder, LowResolution, PreparedEmbedding};
pub use geometry::{Geometry, Size};
pub use image_encoder::ImageEncoder;
pub use mask_decoder::{CANDIDATES, MaskDecoder};
pub use postprocess::{for_each_row, threshold, threshold_probabilities};
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
        let geometry = self.geometry(height, width);
        let frame = prepare(pixels, &geometry, self.config.preparation, &self.device)?;
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

    fn geometry(&self, height: usize, width: usize) -> Geometry {
        let frame = self.config.frame;
        match self.config.preparation {
            Preparation::Sam => Geometry::new(height, width, frame),
            Preparation::LiteMedSam => Geometry::new(height, width, frame).with_one_scale(),
            Preparation::MedSam => Geometry::stretched(height, width, frame),
        }
    }

    fn own<'a>(&self, embedding: &'a Embedding) -> Result<&'a SamEmbedding, ModelError> {
        let foreign = || ModelError::ForeignEmbedding {
            model: self.name.clone(),
        };
        embedding.0.downcast_ref().ok_or_else(foreign)
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
        self.config.candidates
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        Ok(Embedding(Arc::new(self.embed(pixels)?)))
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        let embedding = self.own(embedding)?;
        let prompts: Vec<_> = queries
            .iter()
            .map(|query| in_frame(query, &embedding.geometry))
            .collect();
        let answers = self.predict(embedding, &prompts)?;
        let trained = match self.config.candidates {
            Candidates::SingleThenMulti => CANDIDATES,
            Candidates::One => 1,
        };
        let geometry = &embedding.geometry;
        let bitmap = |logits: &Array2<f32>| match self.config.preparation {
            Preparation::Sam | Preparation::LiteMedSam => threshold(logits.view(), geometry),
            Preparation::MedSam => threshold_probabilities(logits.view(), geometry.slice),
        };
        Ok(answers
            .into_par_iter()
            .map(|answer| upscale(answer, trained, &bitmap))
            .collect())
    }

    fn keep(&self, embedding: &Embedding) -> Result<Option<Vec<f32>>, ModelError> {
        Ok(Some(self.own(embedding)?.image.embedding().to_vec()?))
    }

    fn restore(
        &self,
        [height, width]: [usize; 2],
        values: Vec<f32>,
    ) -> Result<Option<Embedding>, ModelError> {
        let shape = [1, GRID, GRID, EMBEDDING];
        let fits = values.len() == shape.iter().product::<usize>();
        if !fits || height == 0 || width == 0 || values.iter().any(|value| !value.is_finite()) {
            return Ok(None);
        }
        let embedding = Tensor::from_vec(&self.device, &shape, values)?;
        Ok(Some(Embedding(Arc::new(SamEmbedding {
            geometry: self.geometry(height, width),
            image: self.decoder.prepare(embedding)?,
        }))))
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

/// Brings an answer's first candidates to the slice's size by `bitmap`.
fn upscale(
    mut answer: LowResolution,
    candidates: usize,
    bitmap: &(impl Fn(&Array2<f32>) -> Array2<bool> + Sync),
) -> Prediction {
    answer.logits.truncate(candidates);
    let masks = answer
        .logits
        .into_par_iter()
        .zip(answer.scores)
        .map(|(logits, predicted_iou)| Candidate {
            bitmap: bitmap(&logits),
            predicted_iou: Some(predicted_iou),
            logits: Some(logits),
        })
        .collect();
    Prediction { masks, state: None }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::{
        entities::{Call, Click},
        weights::{Formula, WeightsError},
    };

    /// Formula weights, with one tensor that is not a number.
    struct Broken(&'static str);

    impl WeightSource for Broken {
        fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
            let mut values = Formula::default().tensor(name, shape)?;
            if name == self.0 {
                values.fill(f32::NAN);
            }
            Ok(values)
        }
    }

    /// A SAM with the smallest encoder.
    fn sam(source: &dyn WeightSource, candidates: Candidates) -> Sam {
        let config = SamConfig {
            frame: 1024,
            preparation: Preparation::Sam,
            candidates,
            encoder: EncoderConfig::Vit(VitConfig {
                grid: GRID,
                channels: 8,
                depth: 1,
                heads: 1,
                window: 14,
                global_blocks: vec![],
            }),
        };
        Sam::load("small", config, source, &Device::cpu()).expect("formula weights fit")
    }

    fn pixels() -> Array3<u8> {
        Array3::from_shape_fn((3, 5, 3), |(y, x, c)| (40 * y + 20 * x + c) as u8)
    }

    fn call() -> Call {
        Call {
            clicks: vec![Click {
                x: 4,
                y: 0,
                positive: true,
            }],
            bounds: None,
        }
    }

    #[test]
    fn answers_have_the_slices_size_and_can_be_fed_back() {
        for (candidates, count) in [(Candidates::SingleThenMulti, 4), (Candidates::One, 1)] {
            let sam = sam(&Formula::default(), candidates);
            let embedding = sam.encode(pixels().view()).expect("it is finite");
            let call = call();
            let mut query = Query {
                call: &call,
                logits: None,
                state: None,
            };
            let first = sam.decode(&embedding, &[query]).expect("it is finite");
            let fed_back = first[0].masks[0].logits.as_ref();
            query.logits = fed_back.map(|logits| logits.view());
            let second = sam
                .decode(&embedding, &[query, query])
                .expect("it is finite");
            for prediction in first.iter().chain(&second) {
                assert_eq!(prediction.masks.len(), count);
                for mask in &prediction.masks {
                    assert_eq!(mask.bitmap.dim(), (3, 5));
                    let dim = mask.logits.as_ref().map(ndarray::ArrayBase::dim);
                    assert_eq!(dim, Some((LOW, LOW)));
                }
            }
            assert_ne!(first[0].masks[0].logits, second[0].masks[0].logits);
        }
    }

    #[test]
    fn what_is_not_finite_is_an_error_that_says_where() {
        let decoded = |sam: &Sam| {
            let embedding = sam.encode(pixels().view())?;
            let call = call();
            let query = Query {
                call: &call,
                logits: None,
                state: None,
            };
            sam.decode(&embedding, &[query])
        };
        for (tensor, expected) in [
            ("image_encoder.neck.0.weight", "the image encoder"),
            ("mask_decoder.mask_tokens.weight", "the mask decoder"),
            (
                "mask_decoder.iou_prediction_head.layers.2.bias",
                "the predicted IoUs",
            ),
        ] {
            let sam = sam(&Broken(tensor), Candidates::SingleThenMulti);
            match decoded(&sam) {
                Err(ModelError::NotFinite { model, stage }) => {
                    assert_eq!((model.as_str(), stage), ("small", expected));
                }
                other => panic!("{tensor}: {:?}", other.map(|answers| answers.len())),
            }
        }
    }

    #[test]
    fn slices_without_pixels_and_foreign_embeddings_are_refused() {
        let sam = sam(&Formula::default(), Candidates::SingleThenMulti);
        let empty = Array3::zeros((0, 7, 3));
        assert!(matches!(
            sam.encode(empty.view()),
            Err(ModelError::Empty {
                height: 0,
                width: 7
            })
        ));
        let foreign = Embedding(Arc::new("something else"));
        assert!(matches!(
            sam.decode(&foreign, &[]),
            Err(ModelError::ForeignEmbedding { .. })
        ));
    }
}
