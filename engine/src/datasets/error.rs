//! What can be wrong with a dataset. See [`DatasetError`].

use std::path::PathBuf;

/// Why a dataset could not be opened or a case not be read. Every message names the file, then
/// says the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The declaration contradicts itself.
    #[error("dataset `{dataset}`: {problem}")]
    Declaration {
        /// The dataset's name.
        dataset: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// No slice of the case has a pixel of any declared object.
    #[error(
        "{path}: none of the declared objects has a pixel here ({seen}); check how `objects` are declared, or remove the case"
    )]
    NoObject {
        /// The mask, or the image if there are several masks.
        path: PathBuf,
        /// What the mask has instead.
        seen: String,
    },
}
