//! RITM: interactive segmentation with iterative mask guidance (Sofiiuk, Petrov and Konushin 2021).
//! See [`Ritm`].
//!
//! ```text
//! clicks, last answer ─ zoom_in ─► crop ─ predictor ─► input and its mirror image
//! input ─ coordinates (disks, last answer) + hrnet (blocks, fusion) ─ ocr ─► logits
//! logits ─ predictor ─► probabilities of the slice ─ 0.49 ─► mask
//! ```
//!
//! Everything is channel-last. Parameters have the names of the official checkpoints. The reference
//! is the authors' evaluation code: the NoBRS predictor with its defaults.

mod blocks;
mod config;
mod coordinates;
mod fusion;
mod hrnet;
mod network;
mod ocr;
mod predictor;
mod zoom_in;

use std::sync::Arc;

use kernels::{Device, Tensor};
use ndarray::{Array2, ArrayView3};

pub use config::RitmConfig;
pub use coordinates::{RADIUS, disks};
pub use network::RitmNetwork;
pub use predictor::{ClickInInput, ClickNetwork, Looked, conclude, look};
pub use zoom_in::{Zoom, choose};

use super::{Candidate, Candidates, Embedding, Encoding, Model, ModelError, Prediction, Query};
use crate::weights::WeightSource;

/// A pixel of a higher probability is object, in the study and in RITM's own evaluation.
pub const THRESHOLD: f32 = 0.49;

/// A RITM with its weights.
pub struct Ritm {
    name: String,
    device: Device,
    network: RitmNetwork,
}

/// What [`Ritm`] computes from a slice alone: `[1, height, width, 3]`, values in 0..1.
struct Image(Tensor);

/// What [`Ritm`] computes from a slice and the clicks of a call.
struct Seen {
    looked: Looked,
    /// Height and width of the slice.
    slice: [usize; 2],
}

impl Ritm {
    /// Builds the model on a device; `name` is what rows and figures call it.
    ///
    /// # Errors
    /// When the checkpoint is of another variant, or a parameter is missing or has another shape.
    pub fn load(
        name: &str,
        config: RitmConfig,
        source: &dyn WeightSource,
        device: &Device,
    ) -> Result<Self, ModelError> {
        config.check(source)?;
        Ok(Self {
            name: name.to_owned(),
            device: device.clone(),
            network: RitmNetwork::load(config, source, device)?,
        })
    }

    fn read<'a, T: 'static>(&self, embedding: &'a Embedding) -> Result<&'a T, ModelError> {
        let foreign = || ModelError::ForeignEmbedding {
            model: self.name.clone(),
        };
        embedding.0.downcast_ref().ok_or_else(foreign)
    }
}

impl Model for Ritm {
    fn name(&self) -> &str {
        &self.name
    }

    fn candidates(&self) -> Candidates {
        Candidates::One
    }

    fn encoding(&self) -> Encoding {
        Encoding::OfPrompts
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        let (height, width, channels) = pixels.dim();
        if pixels.is_empty() {
            return Err(ModelError::Empty { height, width });
        }
        let values = pixels.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let image = Tensor::from_vec(&self.device, &[1, height, width, channels], values)?;
        Ok(Embedding(Arc::new(Image(image))))
    }

    fn encode_prompts(
        &self,
        embedding: &Embedding,
        query: &Query<'_>,
    ) -> Result<Embedding, ModelError> {
        let Image(image) = self.read(embedding)?;
        let looked = look(&self.network, image, &query.call.clicks, query.state)?;
        let slice = [image.shape()[1], image.shape()[2]];
        Ok(Embedding(Arc::new(Seen { looked, slice })))
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        let seen: &Seen = self.read(embedding)?;
        let state = conclude(&seen.looked, seen.slice)?;
        if !state.probabilities.iter().all(|p| p.is_finite()) {
            return Err(ModelError::NotFinite {
                model: self.name.clone(),
                stage: "the probabilities",
            });
        }
        let bitmap: Array2<bool> = state.probabilities.mapv(|p| p > THRESHOLD);
        let prediction = Prediction {
            masks: vec![Candidate {
                bitmap,
                predicted_iou: None,
                logits: None,
            }],
            state: Some(state),
        };
        Ok(vec![prediction; queries.len()])
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::{
        entities::{Call, Click},
        models::State,
        weights::{Architecture, Formula},
    };

    fn ritm() -> Ritm {
        let config = RitmConfig::of(Architecture::RitmHrnet18s).expect("a RITM");
        let source = Formula::default();
        Ritm::load("formula", config, &source, &Device::cpu()).expect("formula weights fit")
    }

    /// Returns what a call with all clicks leaves, as the pipeline asks for it.
    fn left(ritm: &Ritm, slice: &Embedding, clicks: &[Click], state: Option<&State>) -> State {
        let call = Call {
            clicks: clicks.to_vec(),
            bounds: None,
        };
        let query = Query {
            call: &call,
            logits: None,
            state,
        };
        let seen = ritm
            .encode_prompts(slice, &query)
            .expect("the CPU does not fail");
        let answers = ritm.decode(&seen, &[query]).expect("it is finite");
        let answer = &answers[0];
        let state = answer.state.clone().expect("it goes on from call to call");
        let bitmap = state.probabilities.mapv(|p| p > THRESHOLD);
        assert_eq!(answer.masks.len(), 1);
        assert_eq!(answer.masks[0].bitmap, bitmap);
        state
    }

    /// Clicks replayed one by one from nothing must leave, to the bit, what they left when they were
    /// made; and given all at once from nothing, something else.
    #[test]
    fn replayed_clicks_leave_what_they_left_before() {
        let ritm = ritm();
        let pixels = Array3::from_shape_fn((37, 50, 3), |(y, x, c)| {
            (90 + 3 * y + 2 * x * (c + 1)) as u8
        });
        let slice = ritm.encode(pixels.view()).expect("it has pixels");
        let clicks: Vec<_> = [
            (20, 12, true),
            (31, 30, true),
            (3, 3, false),
            (44, 20, true),
        ]
        .map(|(x, y, positive)| Click { x, y, positive })
        .into();
        let replay = |count: usize| {
            let prefixes = (1..=count).map(|n| &clicks[..n]);
            prefixes.fold(None, |state: Option<State>, clicks| {
                Some(left(&ritm, &slice, clicks, state.as_ref()))
            })
        };
        let mut state = None;
        for count in 1..=clicks.len() {
            let incremental = left(&ritm, &slice, &clicks[..count], state.as_ref());
            assert_eq!(replay(count).as_ref(), Some(&incremental), "{count} clicks");
            let at_once = left(&ritm, &slice, &clicks[..count], None);
            assert_eq!(at_once == incremental, count == 1, "{count} clicks");
            state = Some(incremental);
        }
    }
}
