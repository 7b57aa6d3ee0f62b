//! `timings.csv`: where a watched run's time went. See [`write_timings`] and [`read_timings`].

use std::path::Path;

use super::{
    RunError,
    folder::replace_with,
    rows::{csv_lines, header, read_lines},
};
use crate::diagnostics::ProfileEntry;

/// Reads `timings.csv`; empty if the run was not watched.
///
/// # Errors
/// The file cannot be read, or a line is no timing.
pub fn read_timings(path: &Path) -> Result<Vec<ProfileEntry>, RunError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    read_lines(path)?.collect()
}

/// Writes a line for each kind of call, those that took the most time first.
pub(super) fn write_timings(path: &Path, entries: &[ProfileEntry]) -> Result<(), RunError> {
    let mut text = header(&ProfileEntry::COLUMNS).into_bytes();
    text.extend(csv_lines(entries, path)?);
    replace_with(path, &text)
}
