//! What is evaluated. A [`Model`] turns a slice into an [`Embedding`], and an embedding with
//! prompts into candidate masks.

mod parameters;
pub mod sam;

use std::{any::Any, sync::Arc};

use kernels::{Device, KernelError};
use ndarray::{Array2, ArrayView2, ArrayView3};

use crate::{
    entities::Call,
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
    let Some(config) = sam::SamConfig::of(architecture) else {
        return Err(ModelError::Unsupported {
            model: name.to_owned(),
        });
    };
    Ok(Box::new(sam::Sam::load(name, config, source, device)?))
}

/// A promptable segmentation model with its weights, on one device.
pub trait Model: Send + Sync {
    /// Its name in the catalogue, in rows and in figures.
    fn name(&self) -> &str;

    /// Which of the candidates [`Model::decode`] returns is what.
    fn candidates(&self) -> Candidates;

    /// Computes what depends on the slice alone. `pixels` is RGB, `[height, width, 3]`.
    ///
    /// # Errors
    /// When the result is not finite, or the device fails.
    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError>;

    /// Predicts masks for each query on the embedded slice; the result has the queries' order.
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

/// What a model computed from a slice; its content is the model's own.
#[derive(Clone)]
pub struct Embedding(pub Arc<dyn Any + Send + Sync>);

/// One call with what the model gave before.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Clicks and box, in pixels of the slice.
    pub call: &'a Call,
    /// Low-resolution logits of an earlier prediction, fed back.
    pub logits: Option<ArrayView2<'a, f32>>,
}

/// A model's answer to one query.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// One per candidate, in the model's order.
    pub masks: Vec<Candidate>,
}

/// One candidate mask.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// `[height, width]` of the slice.
    pub bitmap: Array2<bool>,
    /// The IoU the model expects of it.
    pub predicted_iou: f32,
    /// What can be fed back, at the model's own low resolution.
    pub logits: Array2<f32>,
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

#[cfg(test)]
mod tests {
    use super::sam::SamConfig;
    use crate::weights::{Catalogue, Status};

    #[test]
    fn what_the_catalogue_says_runs_has_code() {
        for entry in Catalogue::load().entries() {
            let runs = SamConfig::of(entry.architecture).is_some();
            assert!(runs || entry.status == Status::Listed, "{}", entry.name);
        }
    }
}
