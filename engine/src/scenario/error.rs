//! Why a scenario cannot be played, shown under the very characters. See [`ScenarioError`].

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use miette::{Diagnostic, NamedSource, SourceSpan};

/// Lines of a scenario are shown up to this many bytes, or to a little beyond what is underlined.
const SHOWN: usize = 160;

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
    #[diagnostic(help("save it as UTF-8; or is this the file you meant?"))]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The first line that is not UTF-8, from 1.
        line: usize,
    },
    /// The text is not a scenario, or not one that can be played.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Text(Box<Misfit>),
}

/// A place in a scenario's text that does not fit, and what would.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct Misfit {
    /// What is wrong.
    message: String,
    /// The label of the span.
    expected: String,
    /// The way out, where there is one to tell.
    #[help]
    help: Option<String>,
    #[label("{expected}")]
    span: SourceSpan,
    #[source_code]
    text: NamedSource<String>,
}

impl Misfit {
    /// Returns what was expected in the place that does not fit.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// Says what is wrong at a byte range of `text`, which came from `path`, and what was
    /// expected there.
    pub(super) fn at(
        range: Range<usize>,
        text: &str,
        path: &Path,
        message: String,
        expected: String,
        help: Option<String>,
    ) -> ScenarioError {
        let (text, range) = clip(text, range);
        ScenarioError::Text(Box::new(Self {
            message,
            expected,
            help,
            span: range.into(),
            text: NamedSource::new(path.display().to_string(), text),
        }))
    }
}

/// Shortens what would fill the screen: a range of several lines to its first, a long line to its
/// beginning. Lines and columns stay the same.
fn clip(text: &str, range: Range<usize>) -> (String, Range<usize>) {
    let mut clipped = String::new();
    let mut shown = 0..0;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let mut end = content.floor_char_boundary(SHOWN);
        if (offset..offset + line.len()).contains(&range.start) {
            let start = range.start - offset;
            let last = (range.end - offset).min(content.len()).max(start);
            end = end.max(content.floor_char_boundary(last + SHOWN / 2));
            shown = clipped.len() + start..clipped.len() + last;
        }
        clipped.push_str(&content[..end.min(content.len())]);
        clipped.push_str(if end < content.len() { "…\n" } else { "\n" });
        offset += line.len();
    }
    if range.start >= offset {
        shown = clipped.len()..clipped.len();
    }
    (clipped, shown)
}
