//! `timings.csv`: where a watched run's time went. See [`write_timings`].

use std::path::Path;

use super::{
    RunError,
    folder::replace_with,
    rows::{csv_lines, header},
};
use crate::diagnostics::ProfileEntry;

/// Writes a line for each kind of call, those that took the most time first.
pub(super) fn write_timings(path: &Path, entries: &[ProfileEntry]) -> Result<(), RunError> {
    let mut text = header(&ProfileEntry::COLUMNS).into_bytes();
    text.extend(csv_lines(entries, path)?);
    replace_with(path, &text)
}
