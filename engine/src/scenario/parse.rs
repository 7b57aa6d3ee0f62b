//! From text to [`Scenario`], or to an error that underlines what does not fit. See [`ScenarioFile`].

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use ron::{Options, extensions::Extensions};

use super::{Misfit, Place, Scenario, ScenarioError, misfit::explain, relations::find_flaw};

/// The largest scenario read: a thousand times the longest one written by hand.
const LARGEST: u64 = 1 << 20;

/// How deep values may lie within one another: several times what the language has.
const DEEPEST: usize = 32;

/// A scenario with the text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioFile {
    /// What the text means.
    pub scenario: Scenario,
    /// As the user wrote it.
    pub text: String,
    /// Where it came from. Relative paths in it are relative to this file's folder.
    pub path: PathBuf,
}

impl ScenarioFile {
    /// Reads a scenario from a file.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let failed = |source| ScenarioError::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(failed)?;
        if bytes.len() as u64 > LARGEST {
            return Err(ScenarioError::Large {
                path: path.to_owned(),
                limit: LARGEST,
            });
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            ScenarioError::Encoding {
                path: path.to_owned(),
                line: valid.split(|&byte| byte == b'\n').count(),
            }
        })?;
        Self::parse(text, path)
    }

    /// Reads a scenario from a text; `path` is where it came from, for messages and relative paths.
    pub fn parse(text: String, path: &Path) -> Result<Self, ScenarioError> {
        let ron = without_mark(&text);
        let scenario: Scenario = dialect()
            .from_str(ron)
            .map_err(|error| explain(error, ron, path))?;
        let file = Self {
            scenario,
            path: path.to_owned(),
            text,
        };
        match find_flaw(&file.scenario) {
            Some(flaw) => Err(file.misfit(flaw.place, flaw.message, flaw.expected)),
            None => Ok(file),
        }
    }

    /// Says what is wrong with a value, and what was expected there, pointing at it.
    pub fn misfit(
        &self,
        place: Place,
        message: String,
        expected: impl Into<String>,
    ) -> ScenarioError {
        let ron = without_mark(&self.text);
        let range = place.find(ron).unwrap_or(0..0);
        Misfit::at(range, ron, &self.path, message, expected.into(), None)
    }

    /// Returns the folder that relative paths in the scenario start from, for joining; empty if it
    /// is the working directory.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// Takes off the byte order mark with which some editors begin a file, and which RON does not know.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Returns the RON dialect of scenarios: `Some` may be left out, and so may the inner parentheses
/// of a variant with fields.
pub(crate) fn dialect() -> Options {
    Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME)
        .with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
        .with_recursion_limit(DEEPEST)
}
