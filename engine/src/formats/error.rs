//! What can be wrong with a file. See [`FormatError`].

use std::{io, path::PathBuf};

/// Why a file could not be read. Every message begins with the file and ends with the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The system refuses.
    #[error("{path}: cannot be read: {source}; check that it is there and that you may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{path}: is not a regular file; move it elsewhere")]
    NotAFile {
        /// What is there instead of a file.
        path: PathBuf,
    },
    /// The content is of no known format.
    #[error("{path}: its content is none of {expected}; convert it, or move it elsewhere")]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The formats that can be read here.
        expected: &'static str,
    },
    /// The content is broken, or uses a rare feature of its format.
    #[error(
        "{path}: cannot be decoded: {problem}; restore the file from its source, or export it again"
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        problem: String,
    },
    /// The header promises more than the file can hold.
    #[error(
        "{path}: its header promises {promised}, more than a file of {bytes} bytes can hold; it is truncated or hostile: restore it from its source"
    )]
    Promise {
        /// The file.
        path: PathBuf,
        /// What the header says.
        promised: String,
        /// Size of the file.
        bytes: u64,
    },
    /// A valid file of a kind that has no meaning here.
    #[error("{path}: {problem}")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What kind it is, and the way out.
        problem: String,
    },
}
