//! What is evaluated. A [`Model`] turns a slice into an [`Embedding`], and an embedding with
//! prompts into candidate masks.

pub mod geodesic;
mod parameters;
pub mod ritm;
pub mod sam;

use std::{any::Any, sync::Arc};

use kernels::{Device, KernelError};
use ndarray::{Array2, ArrayView2, ArrayView3};

use crate::{
    entities::{Call, PixelBox},
    weights::{Architecture, WeightSource},
};

/// Builds the model of an architecture on a device; `name` is what rows and figures call it.
///
/// # Errors
/// When this version has no code for the architecture, or a parameter is missing or has another
/// shape.
pub fn open(
    name: &str,
    architecture: Architecture,
    source: &dyn WeightSource,
    device: &Device,
) -> Result<Box<dyn Model>, ModelError> {
    if let Some(config) = sam::SamConfig::of(architecture) {
        return Ok(Box::new(sam::Sam::load(name, config, source, device)?));
    }
    if let Some(config) = ritm::RitmConfig::of(architecture) {
        return Ok(Box::new(ritm::Ritm::load(name, config, source, device)?));
    }
    if architecture == Architecture::Geodesic {
        return Ok(Box::new(geodesic::Geodesic::new(name)));
    }
    Err(ModelError::Unsupported {
        model: name.to_owned(),
    })
}

/// What models of an architecture can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Clicks and boxes, also together.
    All,
    /// Clicks: it has no input for boxes.
    Clicks,
    /// Boxes: it was trained on nothing else.
    Boxes,
}

impl Taken {
    /// Returns what models of an architecture take.
    pub fn by(architecture: Architecture) -> Self {
        match architecture {
            Architecture::RitmHrnet18s | Architecture::RitmHrnet18 | Architecture::RitmHrnet32 => {
                Self::Clicks
            }
            Architecture::MedSamVitB | Architecture::LiteMedSam => Self::Boxes,
            Architecture::MobileSam
            | Architecture::SamVitB
            | Architecture::SamVitL
            | Architecture::SamVitH
            | Architecture::Geodesic => Self::All,
        }
    }
}

/// A promptable segmentation model with its weights, on one device.
pub trait Model: Send + Sync {
    /// Its name in the catalogue, in rows and in figures.
    fn name(&self) -> &str;

    /// Which of the candidates [`Model::decode`] returns is what.
    fn candidates(&self) -> Candidates;

    /// What its encoding depends on.
    fn encoding(&self) -> Encoding {
        Encoding::OfSlice
    }

    /// Computes what depends on the slice alone. `pixels` is RGB, `[height, width, 3]`.
    ///
    /// # Errors
    /// When the result is not finite, or the device fails.
    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError>;

    /// Computes what depends on the prompts too, for [`Encoding::OfPrompts`]: what [`Model::encode`]
    /// gave becomes what [`Model::decode`] needs for this one query.
    ///
    /// # Errors
    /// When the device fails.
    fn encode_prompts(
        &self,
        slice: &Embedding,
        _query: &Query<'_>,
    ) -> Result<Embedding, ModelError> {
        Ok(slice.clone())
    }

    /// Predicts masks for each query on what was encoded; the result has the queries' order.
    ///
    /// # Errors
    /// When a result is not finite, or the device fails.
    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError>;

    /// Returns an embedding as numbers from which [`Model::restore`] makes it again, bit for bit;
    /// none if computing it takes no longer than reading it would.
    ///
    /// # Errors
    /// When the embedding is of another kind of model, or the device fails.
    fn keep(&self, _embedding: &Embedding) -> Result<Option<Vec<f32>>, ModelError> {
        Ok(None)
    }

    /// Makes the embedding of a slice of `[height, width]` from what [`Model::keep`] returned; none
    /// if these are not such numbers.
    ///
    /// # Errors
    /// When the device fails.
    fn restore(
        &self,
        _size: [usize; 2],
        _values: Vec<f32>,
    ) -> Result<Option<Embedding>, ModelError> {
        Ok(None)
    }
}

/// What an encoding depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The slice alone: all queries on it share one.
    OfSlice,
    /// The prompts and what the last call left too: each query has its own.
    OfPrompts,
}

/// What a model computed from a slice, or from a query on it; its content is the model's own.
#[derive(Clone)]
pub struct Embedding(pub Arc<dyn Any + Send + Sync>);

/// One call with what the model gave before.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Clicks and box, in pixels of the slice.
    pub call: &'a Call,
    /// Low-resolution logits of an earlier prediction, fed back.
    pub logits: Option<ArrayView2<'a, f32>>,
    /// What the last call on the object left, for models that go on from there.
    pub state: Option<&'a State>,
}

/// What a call leaves for the next one on the same object.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Of being object, `[height, width]` of the slice.
    pub probabilities: Array2<f32>,
    /// The rectangle that was looked at; `None` for the whole slice.
    pub zoom: Option<PixelBox>,
}

/// A model's answer to one query.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// One per candidate, in the model's order.
    pub masks: Vec<Candidate>,
    /// What the next call on the same object starts from, if the model goes on from call to call.
    pub state: Option<State>,
}

/// One candidate mask.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// `[height, width]` of the slice.
    pub bitmap: Array2<bool>,
    /// The IoU the model expects of it, if it expects any.
    pub predicted_iou: Option<f32>,
    /// What can be fed back, at the model's own low resolution.
    pub logits: Option<Array2<f32>>,
}

/// How a model's candidates are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// SAM's four: token 0 for an unambiguous prompt, then three of several sizes.
    SingleThenMulti,
    /// One mask only: every choice takes it.
    One,
}

/// Why a model could not be built or could not predict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The model is known, but nothing here runs it.
    #[error("this version cannot run {model}")]
    Unsupported {
        /// The model.
        model: String,
    },
    /// The slice has no pixels.
    #[error("the slice has no pixels: {height} × {width}")]
    Empty {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Logits were fed back that are not the model's own.
    #[error("fed back logits have shape {found:?}, expected {expected:?}")]
    Logits {
        /// Rows and columns given.
        found: (usize, usize),
        /// Rows and columns of the model's logits.
        expected: (usize, usize),
    },
    /// The embedding was computed by a model of another kind.
    #[error("{model} was given an embedding of another kind of model")]
    ForeignEmbedding {
        /// The model that was asked.
        model: String,
    },
    /// A result is NaN or infinite.
    #[error("{model} gave a result that is not finite in {stage}")]
    NotFinite {
        /// The model.
        model: String,
        /// Where it was seen.
        stage: &'static str,
    },
    /// A parameter is missing or has another shape.
    #[error(transparent)]
    Weights(#[from] crate::weights::WeightsError),
    /// An operation was given shapes that do not fit, or the device failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

impl ModelError {
    /// Returns what went wrong with the device, if that is the reason: then no other slice will
    /// fare better.
    pub fn device_failure(&self) -> Option<&KernelError> {
        match self {
            Self::Kernel(KernelError::Shape { .. } | KernelError::Devices { .. }) => None,
            Self::Kernel(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ritm::RitmConfig, sam::SamConfig};
    use crate::weights::{Architecture, Catalogue};

    #[test]
    fn what_the_catalogue_lists_has_code() {
        for entry in Catalogue::load().entries() {
            let runs = SamConfig::of(entry.architecture).is_some()
                || RitmConfig::of(entry.architecture).is_some()
                || entry.architecture == Architecture::Geodesic;
            assert!(runs, "{}", entry.name);
        }
    }
}
