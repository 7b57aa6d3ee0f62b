//! What can go wrong with a run folder. See [`RunError`].

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::Shard;

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
    /// The folder holds the results of a run that differs from this one.
    #[error("{} holds results of a run that was not quite this one:\n{differences}use --fresh to replace them, or give the scenario another name", .folder.display())]
    Changed {
        /// The run folder.
        folder: PathBuf,
        /// What differs, line by line.
        differences: String,
    },
    /// Draws run on from case to case, so that a part of the cases would get other draws.
    #[error(
        "a scenario whose draws are legacy cannot be played in shards: they run on from case to case"
    )]
    Unshardable,
    /// There is nothing to merge.
    #[error("there are no shards in {}; play them with `engine run SCENARIO --shard 1/N`", .0.display())]
    NoShards(PathBuf),
    /// The run was divided in two ways.
    #[error("{} has shards of two divisions, {first} and {other}; remove those of one", .path.display())]
    MixedShards {
        /// The folder of the shards.
        path: PathBuf,
        /// A shard of one.
        first: Shard,
        /// A shard of the other.
        other: Shard,
    },
    /// Some shards are missing, or were not played to their end.
    #[error("{}: of {count} shards these are {what}: {names}; play them with `engine run SCENARIO --shard {example}`", .folder.display())]
    IncompleteShards {
        /// The run folder.
        folder: PathBuf,
        /// What is wrong with them.
        what: &'static str,
        /// Their numbers.
        names: String,
        /// The first of them.
        example: String,
        /// How many there should be.
        count: u32,
    },
    /// Two shards are not of one run.
    #[error(
        "the shards {first} and {other} are not of one run:\n{differences}play those that are out of date again with --fresh"
    )]
    UnlikeShards {
        /// One of them.
        first: Shard,
        /// The other.
        other: Shard,
        /// What differs, line by line.
        differences: String,
    },
    /// The shards together do not have every case.
    #[error("{}: the shards have {found} cases, expected {expected}; play them again with --fresh", .folder.display())]
    MissingCases {
        /// The run folder.
        folder: PathBuf,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The folder holds results of unknown origin.
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
