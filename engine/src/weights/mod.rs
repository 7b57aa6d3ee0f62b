//! Where parameters come from. A model asks a [`WeightSource`] for each tensor by the official
//! checkpoint's name and the shape it must have.
//!
//! | source | is |
//! |---|---|
//! | [`Formula`] | numbers computed from the tensor's name: tests without any file |
//! | [`Checkpoint`] | a file, safetensors or PyTorch's, read without trusting or executing it |
//!
//! Files come by way of the [`Catalogue`] of known models and the [`Store`], the folder that
//! holds them: `store.pull(catalogue.get(name)?, …)`, then `Checkpoint::open(&located.path)`.

mod bounded;
mod catalogue;
mod checkpoint;
mod config;
mod digest;
mod flaw;
mod formula;
mod pth;
mod pull;
mod safetensors;
mod store;
mod stored;

use std::path::PathBuf;

pub use catalogue::{Architecture, Catalogue, Content, Entry, UnknownModel, Wheel};
pub use checkpoint::Checkpoint;
pub use config::{ModelConfig, Setting};
pub use digest::{Digest, NoDigest};
pub use flaw::Flaw;
pub use formula::Formula;
pub use pull::{Attempt, ByHand, Progress, PullError};
pub use store::{Located, State, Store, StoreError};

/// Parameters by name.
pub trait WeightSource {
    /// Returns the tensor's elements as f32, row-major.
    ///
    /// # Errors
    /// When there is no such tensor, or its shape is not `shape`.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError>;

    /// Returns how the source says its model was built, if it says so.
    fn config(&self) -> Option<&ModelConfig> {
        None
    }
}

/// Why weights could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The checkpoint lacks a tensor the architecture needs.
    #[error("{origin}: no tensor {name:?}; is this a checkpoint of another model?")]
    Missing {
        /// The file, or «formula».
        origin: String,
        /// The official name.
        name: String,
    },
    /// The checkpoint has the tensor with another shape.
    #[error(
        "{origin}: tensor {name:?} has shape {found:?}, expected {expected:?}; is this a checkpoint of another model?"
    )]
    Shape {
        /// The file, or «formula».
        origin: String,
        /// The official name.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape the architecture needs.
        expected: Vec<usize>,
    },
    /// The tensor holds NaN or infinity, which would spread to every prediction.
    #[error(
        "{origin}: tensor {name:?} is {value} at element {index}: training diverged or the file is damaged; get the file again"
    )]
    NonFinite {
        /// The file.
        origin: String,
        /// The official name.
        name: String,
        /// Row-major index of the first such element.
        index: usize,
        /// NaN, inf or -inf.
        value: f32,
    },
    /// The checkpoint says that it is of another model.
    #[error("{origin} {problem}")]
    Config {
        /// The file.
        origin: String,
        /// What it is instead, and the way out.
        problem: String,
    },
    /// The file cannot be used as a checkpoint.
    #[error("{path} {flaw}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the way out.
        flaw: Flaw,
    },
}
