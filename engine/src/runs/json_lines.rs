//! Files of one JSON value per line, written and read. See [`read_json_lines`].

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{RunError, error::reading};

/// Returns values as JSON lines.
pub(super) fn json_lines<T: Serialize>(values: &[T], path: &Path) -> Result<Vec<u8>, RunError> {
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, value).map_err(|error| RunError::Encode {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Reads JSON lines one after the other, without holding more than one.
///
/// # Errors
/// The file cannot be opened. The iterator's errors name the line that is none of these values.
pub(super) fn read_json_lines<T: DeserializeOwned>(
    path: &Path,
) -> Result<impl Iterator<Item = Result<T, RunError>> + use<'_, T>, RunError> {
    let file = File::open(path).map_err(reading(path))?;
    let lines = (1..).zip(BufReader::new(file).lines());
    Ok(lines.map(move |(line, text)| {
        let text = text.map_err(reading(path))?;
        serde_json::from_str(&text).map_err(|error| RunError::Malformed {
            path: path.to_owned(),
            line,
            reason: error.to_string(),
        })
    }))
}
