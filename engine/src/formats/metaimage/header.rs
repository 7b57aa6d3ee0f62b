//! The header of a MetaImage. See [`Header`].

use std::{collections::BTreeMap, io::BufRead};

use crate::formats::{
    FormatError,
    source::{self, Source},
};

/// The lines `Key = Value` of a header, as written.
pub(super) struct Header(BTreeMap<String, String>);

/// How many lines a header may have.
const LINES: usize = 100_000;

/// The last line of a header; voxels may follow.
const LAST: &str = "ElementDataFile";

/// Returns whether a file begins as a MetaImage does: with one of the keys that come first.
pub(in crate::formats) fn begins(start: &[u8]) -> bool {
    let key = start.split(|&byte| byte == b'=').next().unwrap_or_default();
    let key = key.trim_ascii();
    key.len() < start.len()
        && ["ObjectType", "NDims", "Comment", "ObjectSubType"]
            .iter()
            .any(|known| key == known.as_bytes())
}

impl Header {
    /// Reads the header and leaves the reader behind it.
    ///
    /// # Errors
    /// A line without `=`, a key that comes twice, no end.
    pub(super) fn read(source: Source, reader: &mut dyn BufRead) -> Result<Self, FormatError> {
        let mut found = BTreeMap::new();
        for _ in 0..LINES {
            let line = source::line(reader).map_err(|error| source.stopped(error))?;
            let Some(line) = line else {
                return Err(source.broken(format!("its header ends without `{LAST}`")));
            };
            if line.trim().is_empty() {
                continue;
            }
            let start: String = line.chars().take(40).collect();
            let Some((key, value)) = line.split_once('=') else {
                return Err(source.broken(format!("its header has the line `{start}`")));
            };
            let key = key.trim().to_owned();
            let is_last = key == LAST;
            if found.insert(key, value.trim().to_owned()).is_some() {
                return Err(source.broken(format!("its header has a key twice: `{start}`")));
            }
            if is_last {
                return Ok(Self(found));
            }
        }
        Err(source.broken(format!("its header has more than {LINES} lines")))
    }

    /// Returns the value of the first of several names that is there.
    pub(super) fn get(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .find_map(|name| self.0.get(*name))
            .map(String::as_str)
    }

    /// Returns the value of a key that must be there.
    pub(super) fn need(&self, source: Source, name: &str) -> Result<&str, FormatError> {
        self.get(&[name])
            .ok_or_else(|| source.broken(format!("its header has no `{name}`")))
    }

    /// Returns whether something is so; if nothing is said, that it is not.
    pub(super) fn is(&self, source: Source, names: &[&str]) -> Result<bool, FormatError> {
        match self.get(names).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "f" | "0" | "no") => Ok(false),
            Some("true" | "t" | "1" | "yes") => Ok(true),
            Some(_) => Err(self.wrong(source, names)),
        }
    }

    /// Returns a number, or `otherwise` if nothing is said.
    pub(super) fn number<T: std::str::FromStr>(
        &self,
        source: Source,
        names: &[&str],
        otherwise: T,
    ) -> Result<T, FormatError> {
        match self.get(names) {
            None => Ok(otherwise),
            Some(text) => text.parse().map_err(|_| self.wrong(source, names)),
        }
    }

    /// Returns as many finite numbers as expected, or `None` if nothing is said.
    pub(super) fn numbers(
        &self,
        source: Source,
        names: &[&str],
        count: usize,
    ) -> Result<Option<Vec<f64>>, FormatError> {
        let Some(text) = self.get(names) else {
            return Ok(None);
        };
        let numbers: Option<Vec<f64>> = text
            .split_whitespace()
            .map(|word| word.parse().ok())
            .collect();
        numbers
            .filter(|all| all.len() == count && all.iter().all(|number| number.is_finite()))
            .map(Some)
            .ok_or_else(|| self.wrong(source, names))
    }

    pub(super) fn wrong(&self, source: Source, names: &[&str]) -> FormatError {
        let value: String = self
            .get(names)
            .unwrap_or_default()
            .chars()
            .take(40)
            .collect();
        source.broken(format!(
            "its header's `{}` makes no sense: `{value}`",
            names[0]
        ))
    }
}
