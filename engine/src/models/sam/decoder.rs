//! Prompt encoder and mask decoder together. See [`Decoder`].

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use kernels::{Device, KernelError, Tensor, elementwise::add};
use ndarray::Array2;

use super::{
    EMBEDDING, LOW,
    mask_decoder::{CANDIDATES, MaskDecoder},
    prompt_encoder::{FramePrompt, PromptEncoder, logits_values},
    transformer::Source,
};
use crate::{
    models::{ModelError, parameters::Parameters},
    weights::WeightSource,
};

/// How many prompts go through the decoder together. Each takes about 20 MB on the way; more of
/// them at once are hardly faster.
const PROMPTS_PER_BATCH: usize = 8;

/// What turns an image embedding and prompts into mask logits; the same in the whole family.
pub struct Decoder {
    /// Clicks, boxes and logits to tokens and maps.
    pub prompts: PromptEncoder,
    /// Tokens and maps to masks.
    pub masks: MaskDecoder,
    /// How many prompts the device has room for: fewer once it ran out of memory.
    at_once: AtomicUsize,
}

/// An image embedding with what of the decoder's work depends on the image alone.
#[derive(Clone)]
pub struct PreparedEmbedding {
    /// `[1, 64, 64, 256]`
    embedding: Tensor,
    /// The embedding as the transformer takes it when no logits are fed back.
    without_logits: Source,
}

/// The decoder's answer to one prompt.
#[derive(Clone, Debug)]
pub struct LowResolution {
    /// The four candidates, `[256, 256]` over the whole frame.
    pub logits: Vec<Array2<f32>>,
    /// The IoU predicted for each.
    pub scores: [f32; CANDIDATES],
}

impl PreparedEmbedding {
    /// Returns the image embedding, `[1, 64, 64, 256]`.
    pub fn embedding(&self) -> &Tensor {
        &self.embedding
    }
}

impl Decoder {
    /// Builds it from the parameters called `prompt_encoder.*` and `mask_decoder.*`, for a frame of
    /// that side.
    ///
    /// # Errors
    /// When a parameter is missing or has another shape.
    pub fn load(
        frame: usize,
        source: &dyn WeightSource,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let p = Parameters::new(source, device);
        Ok(Self {
            prompts: PromptEncoder::load(frame, &p.at("prompt_encoder"))?,
            masks: MaskDecoder::load(&p.at("mask_decoder"))?,
            at_once: AtomicUsize::new(PROMPTS_PER_BATCH),
        })
    }

    /// Computes what depends on the image alone, of an embedding `[1, 64, 64, 256]`.
    ///
    /// # Errors
    /// When the embedding has another shape, or the device fails.
    pub fn prepare(&self, embedding: Tensor) -> Result<PreparedEmbedding, ModelError> {
        let image = add(&embedding, self.prompts.no_logits())?;
        Ok(PreparedEmbedding {
            without_logits: self.source(image)?,
            embedding,
        })
    }

    /// Predicts all candidates for each prompt, in the prompts' order. What comes out for a prompt
    /// does not depend on the others. Where the device has no room, fewer go through together.
    ///
    /// # Errors
    /// When fed back logits are not 256 × 256, or the device fails or has no room for one prompt.
    pub fn predict(
        &self,
        image: &PreparedEmbedding,
        prompts: &[FramePrompt<'_>],
    ) -> Result<Vec<LowResolution>, ModelError> {
        // Together go those with equally many tokens and the same kind of image.
        let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, prompt) in prompts.iter().enumerate() {
            let kind = (prompt.tokens(), prompt.logits.is_some());
            alike.entry(kind).or_default().push(index);
        }
        let mut answers: Vec<Option<LowResolution>> = vec![None; prompts.len()];
        for indices in alike.values() {
            let mut rest = indices.as_slice();
            while !rest.is_empty() {
                let at_once = self.at_once.load(Ordering::Relaxed).min(rest.len());
                let (batch, later) = rest.split_at(at_once);
                let of_batch: Vec<_> = batch.iter().map(|&index| &prompts[index]).collect();
                match self.predict_alike(image, &of_batch) {
                    Ok(found) => {
                        for (&index, answer) in batch.iter().zip(found) {
                            answers[index] = Some(answer);
                        }
                        rest = later;
                    }
                    Err(ModelError::Kernel(KernelError::OutOfMemory { .. })) if at_once > 1 => {
                        self.at_once.store(at_once / 2, Ordering::Relaxed);
                        tracing::warn!(
                            "the device has no room to decode {at_once} prompts at once; \
                             going on with {}",
                            at_once / 2
                        );
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Predicts for prompts of equally many tokens that all feed logits back, or none.
    fn predict_alike(
        &self,
        image: &PreparedEmbedding,
        prompts: &[&FramePrompt<'_>],
    ) -> Result<Vec<LowResolution>, ModelError> {
        let tokens = self.tokens(prompts, image.embedding.device())?;
        let source = self.image_of(image, prompts)?;
        let positions = self.prompts.positions();
        let transformer = &self.masks.transformer;
        let (tokens, pixels) = transformer.forward(&tokens, &source, positions)?;
        let (logits, scores) = self.masks.read_out(&tokens, &pixels)?;
        let (logits, scores) = (logits.to_vec()?, scores.to_vec()?);
        Ok(logits
            .chunks_exact(CANDIDATES * LOW * LOW)
            .zip(scores.chunks_exact(CANDIDATES))
            .map(|(logits, scores)| LowResolution {
                logits: logits.chunks_exact(LOW * LOW).map(square).collect(),
                scores: std::array::from_fn(|candidate| scores[candidate]),
            })
            .collect())
    }

    /// Returns the tokens of prompts: `[n, 5 + tokens of the prompt, 256]`.
    ///
    /// # Errors
    /// When the prompts have not equally many tokens.
    pub fn tokens(
        &self,
        prompts: &[&FramePrompt<'_>],
        device: &Device,
    ) -> Result<Tensor, ModelError> {
        let mut tokens = Vec::new();
        for prompt in prompts {
            tokens.extend_from_slice(self.masks.tokens());
            tokens.extend(self.prompts.sparse(prompt));
        }
        let each = 1 + CANDIDATES + prompts.first().map_or(0, |prompt| prompt.tokens());
        let shape = [prompts.len(), each, EMBEDDING];
        Ok(Tensor::from_vec(device, &shape, tokens)?)
    }

    /// Returns the image as the transformer takes it: of its own for each prompt if logits are fed
    /// back, else one for all.
    ///
    /// # Errors
    /// When fed back logits are not 256 × 256, or the device fails.
    pub fn image_of(
        &self,
        image: &PreparedEmbedding,
        prompts: &[&FramePrompt<'_>],
    ) -> Result<Source, ModelError> {
        let mut values = Vec::new();
        for logits in prompts.iter().filter_map(|prompt| prompt.logits) {
            values.extend(logits_values(logits)?);
        }
        if values.is_empty() {
            return Ok(image.without_logits.clone());
        }
        let shape = [values.len() / (LOW * LOW), LOW, LOW, 1];
        let logits = Tensor::from_vec(image.embedding.device(), &shape, values)?;
        self.source(add(&self.prompts.dense(&logits)?, &image.embedding)?)
    }

    fn source(&self, image: Tensor) -> Result<Source, ModelError> {
        self.masks
            .transformer
            .source(image, self.prompts.positions())
    }
}

fn square(logits: &[f32]) -> Array2<f32> {
    Array2::from_shape_vec((LOW, LOW), logits.to_vec()).expect("the chunks have this size")
}

#[cfg(test)]
mod tests {
    use super::{super::GRID, *};
    use crate::weights::Formula;

    fn decoder_and_image() -> (Decoder, PreparedEmbedding) {
        let (source, device) = (Formula::default(), Device::cpu());
        let decoder = Decoder::load(1024, &source, &device).expect("formula weights fit");
        let shape = [1, GRID, GRID, EMBEDDING];
        let embedding = source.signed("embedding", &shape);
        let embedding = Tensor::from_vec(&device, &shape, embedding).expect("the shape fits");
        let image = decoder.prepare(embedding).expect("the CPU does not fail");
        (decoder, image)
    }

    fn point<'a>(x: f32, y: f32, positive: bool) -> FramePrompt<'a> {
        FramePrompt {
            points: vec![([x, y], positive)],
            ..FramePrompt::default()
        }
    }

    #[test]
    fn a_prompts_answer_does_not_depend_on_the_others() {
        let (decoder, image) = decoder_and_image();
        let logits = Formula::default().picture("logits", 1, LOW, LOW);
        let logits = Array2::from_shape_vec((LOW, LOW), logits).expect("a map");
        let bounds = Some([[100.0, 200.0], [700.0, 800.0]]);
        let mut prompts: Vec<_> = (0..PROMPTS_PER_BATCH)
            .map(|i| point(37.0 * i as f32, 900.0, i % 2 == 0))
            .collect();
        prompts.push(FramePrompt {
            logits: Some(logits.view()),
            ..point(5.0, 6.0, true)
        });
        prompts.push(FramePrompt {
            bounds,
            ..point(500.0, 500.0, false)
        });
        prompts.push(FramePrompt {
            bounds,
            ..FramePrompt::default()
        });
        // As many tokens as the first ones, in a batch of its own.
        prompts.push(point(999.0, 0.0, true));
        let together = decoder.predict(&image, &prompts).expect("the logits fit");
        assert_eq!(together.len(), prompts.len());
        for index in [0, 3, 7, 8, 9, 10, 11] {
            let alone = decoder.predict(&image, &prompts[index..=index]);
            let alone = &alone.expect("the logits fit")[0];
            assert_eq!(alone.logits, together[index].logits, "prompt {index}");
            let bits = |answer: &LowResolution| answer.scores.map(f32::to_bits);
            assert_eq!(bits(alone), bits(&together[index]), "prompt {index}");
        }
    }

    #[test]
    fn foreign_logits_are_refused() {
        let (decoder, image) = decoder_and_image();
        let logits = Array2::zeros((64, 64));
        let prompt = FramePrompt {
            logits: Some(logits.view()),
            ..point(5.0, 6.0, true)
        };
        let error = decoder.predict(&image, &[prompt]).expect_err("too small");
        assert!(matches!(
            error,
            ModelError::Logits {
                found: (64, 64),
                ..
            }
        ));
    }
}
