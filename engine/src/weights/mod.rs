//! Where parameters come from. A model asks a [`WeightSource`] for each tensor by the official
//! checkpoint's name and the shape it must have.

mod formula;

pub use formula::Formula;

/// Parameters by name.
pub trait WeightSource {
    /// Returns the tensor's elements as f32, row-major.
    ///
    /// # Errors
    /// When there is no such tensor, or its shape is not `shape`.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError>;
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
}
