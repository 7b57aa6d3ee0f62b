//! What can go wrong with a run folder. See [`RunError`].

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Why results could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A file or folder of the run cannot be written.
    #[error("cannot write {}: {source}{}", .path.display(), way_out(.source))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the run cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the run is not what this program writes.
    #[error("{}, line {line}: {reason}; was the file edited, or a run cut off while writing?", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What was found there.
        reason: String,
    },
    /// The folder holds the results of another scenario, or results of unknown origin.
    #[error("{} holds results of {origin}; use --fresh to replace them, or give the scenario another name", .folder.display())]
    Occupied {
        /// The run folder.
        folder: PathBuf,
        /// Whose results these are.
        origin: &'static str,
    },
    /// Another process writes into the folder.
    #[error("{} is in use by another run; wait for it, or give the scenario another name", .0.display())]
    InUse(PathBuf),
    /// A link leads out of the run folder.
    #[error("{} is a link or no folder; results are only written inside the run folder: remove it", .0.display())]
    Elsewhere(PathBuf),
    /// A row names something that the manifest does not know.
    #[error(
        "rows.csv has the {kind} {name:?}, which manifest.json does not know; do both belong to one run?"
    )]
    Unknown {
        /// Dataset, object, model or strategy.
        kind: &'static str,
        /// As in the row.
        name: String,
    },
    /// An image or a line could not be encoded.
    #[error("cannot encode {}: {reason}", .path.display())]
    Encode {
        /// The file it was meant for.
        path: PathBuf,
        /// What the encoder says.
        reason: String,
    },
}

/// Says what a user can do about a failed write.
fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "; free some space, or choose a folder on another disk with --out"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder you may write to with --out"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "; something else is in the way: remove it, or choose another folder with --out"
        }
        _ => "",
    }
}

/// Names the path in an error of writing it.
pub(super) fn writing(path: &Path) -> impl FnOnce(io::Error) -> RunError + '_ {
    |source| RunError::Write {
        path: path.to_owned(),
        source,
    }
}

/// Names the path in an error of reading it.
pub(super) fn reading(path: &Path) -> impl FnOnce(io::Error) -> RunError + '_ {
    |source| RunError::Read {
        path: path.to_owned(),
        source,
    }
}
