//! Why a scenario cannot be played, shown under the very characters. See [`ScenarioError`].

use std::{
    io,
    path::{Path, PathBuf},
};

use miette::{Diagnostic, NamedSource, SourceSpan};

/// Why a scenario could not be read.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read the scenario {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is too large to be a scenario.
    #[error("{} is larger than {limit} bytes", .path.display())]
    #[diagnostic(help("a scenario is a short text; is this the file you meant?"))]
    Large {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        limit: u64,
    },
    /// The file is no UTF-8 text.
    #[error("{} is no text: line {line} is not UTF-8", .path.display())]
    #[diagnostic(help("save it as UTF-8, or check that this is the file you meant"))]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The first line that is not UTF-8, from 1.
        line: usize,
    },
    /// The text is not a scenario.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Text(Box<Misfit>),
}

/// A place in a scenario's text that does not fit, and what would.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct Misfit {
    /// What is wrong.
    pub message: String,
    /// What was expected in this place.
    #[label("{expected}")]
    pub span: SourceSpan,
    /// The label of [`Misfit::span`].
    pub expected: String,
    /// The way out, where there is one to tell.
    #[help]
    pub help: Option<String>,
    /// The text.
    #[source_code]
    pub text: NamedSource<String>,
}

impl Misfit {
    /// Places a misfit in `text`, which came from `path`.
    pub(super) fn at(
        span: impl Into<SourceSpan>,
        text: &str,
        path: &Path,
        message: String,
        expected: String,
        help: Option<String>,
    ) -> ScenarioError {
        ScenarioError::Text(Box::new(Self {
            message,
            span: span.into(),
            expected,
            help,
            text: NamedSource::new(path.display().to_string(), text.to_owned()),
        }))
    }
}
