//! The fields of an NRRD header. See [`Fields`].

use std::{collections::BTreeMap, io::BufRead};

use crate::formats::{
    FormatError,
    source::{self, Source},
};

/// Fields and key/value pairs as written. What this project does not use is kept unread.
pub(super) struct Fields {
    /// By name in lower case, without spaces: `datafile` is `data file`.
    fields: BTreeMap<String, String>,
    /// Key/value pairs, such as those of segments.
    pairs: BTreeMap<String, String>,
}

/// How many lines a header may have.
const LINES: usize = 100_000;

impl Fields {
    /// Reads the header, up to the empty line before the data or the end of the file.
    ///
    /// # Errors
    /// A line that is neither a comment, nor a field, nor a pair; a field that comes twice.
    pub(super) fn read(source: Source, reader: &mut dyn BufRead) -> Result<Self, FormatError> {
        let mut next = || source::line(reader).map_err(|error| source.stopped(error));
        let mut found = Self {
            fields: BTreeMap::new(),
            pairs: BTreeMap::new(),
        };
        // The first line is the mark.
        next()?;
        for _ in 0..LINES {
            let Some(line) = next()?.filter(|line| !line.is_empty()) else {
                return Ok(found);
            };
            if line.starts_with('#') {
                continue;
            }
            // A pair's key may have a colon, but no `:=`; a field's name has neither.
            let colon = line.find(':');
            let twice = match colon.map(|colon| (&line[..colon], &line[colon + 1..])) {
                Some((key, value)) if value.starts_with('=') => {
                    found.pairs.insert(key.to_owned(), value[1..].to_owned());
                    None
                }
                Some((name, value)) => {
                    let name = name.replace(' ', "").to_ascii_lowercase();
                    let value = value.trim().to_owned();
                    found.fields.insert(name, value).map(|_| line.as_str())
                }
                None => {
                    let start: String = line.chars().take(40).collect();
                    return Err(source.broken(format!("its header has the line `{start}`")));
                }
            };
            if let Some(line) = twice {
                let start: String = line.chars().take(40).collect();
                return Err(source.broken(format!("its header has a field twice: `{start}`")));
            }
        }
        Err(source.broken(format!("its header has more than {LINES} lines")))
    }

    /// Returns the value of a field, named in lower case without spaces.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Returns the value of a field that must be there.
    pub(super) fn need(&self, source: Source, name: &str) -> Result<&str, FormatError> {
        self.get(name)
            .ok_or_else(|| source.broken(format!("its header has no `{name}`")))
    }

    /// Returns what segments of 3D Slicer say of themselves, as in «tumour: layer 0, value 1», for
    /// at most eight of them; nothing if it has none.
    pub(super) fn segments(&self) -> String {
        let say = |number: usize| {
            let get = |what: &str| self.pairs.get(&format!("Segment{number}_{what}"));
            let layer = get("Layer").map_or("0", |layer| layer.trim());
            let name: String = get("Name")?.chars().take(40).collect();
            Some(format!(
                "{name}: volume {layer}, value {}",
                get("LabelValue")?.trim()
            ))
        };
        let said: Vec<String> = (0..8).map_while(say).collect();
        if said.is_empty() {
            String::new()
        } else {
            format!(" ({})", said.join("; "))
        }
    }
}

/// Reads numbers between spaces.
pub(super) fn numbers<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    text.split_whitespace()
        .map(|word| word.parse().ok())
        .collect()
}

/// Reads vectors such as `(1,0,0) none (0,1,0)`; `none` is `None`.
pub(super) fn vectors(text: &str) -> Option<Vec<Option<Vec<f64>>>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("none") {
            found.push(None);
            rest = after.trim_start();
        } else {
            let (vector, after) = rest.strip_prefix('(')?.split_once(')')?;
            let vector = vector.split(',').map(|word| word.trim().parse().ok());
            found.push(Some(vector.collect::<Option<_>>()?));
            rest = after.trim_start();
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_read() {
        let found = vectors("none (1,0.5,0) (0, -1e3 ,0)(nan,0,0)").unwrap_or_default();
        assert_eq!(found.len(), 4);
        assert_eq!(
            found[..3],
            [None, Some(vec![1.0, 0.5, 0.0]), Some(vec![0.0, -1e3, 0.0])]
        );
        for bad in ["(1,2", "1,2", "(a)", "(1,,2)", "()"] {
            assert_eq!(vectors(bad), None, "{bad}");
        }
    }
}
