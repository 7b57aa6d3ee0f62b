//! RON's errors in the words of a scenario. See [`explain`].

use std::path::Path;

use ron::error::{Error, Position, SpannedError};

use super::{Misfit, ScenarioError};

/// Says what is wrong, what was expected and, for a slip of the pen, what was probably meant.
pub(super) fn explain(error: SpannedError, text: &str, path: &Path) -> ScenarioError {
    let range = offset(text, error.span.start)..offset(text, error.span.end);
    let (message, expected, help) = match error.code {
        Error::NoSuchEnumVariant {
            expected,
            found,
            outer,
        } => (
            format!("{} cannot be `{found}`", outer.as_deref().unwrap_or("this")),
            one_of(expected),
            nearest(&found, expected),
        ),
        Error::NoSuchStructField {
            expected,
            found,
            outer,
        } => (
            format!(
                "{} has no field `{found}`",
                outer.as_deref().unwrap_or("this")
            ),
            one_of(expected),
            nearest(&found, expected),
        ),
        Error::MissingStructField { field, outer } => (
            format!(
                "{} lacks the field `{field}`",
                outer.as_deref().unwrap_or("this")
            ),
            format!("expected `{field}: …` before this"),
            None,
        ),
        Error::DuplicateStructField { field, .. } => (
            format!("the field `{field}` is given twice"),
            "expected once".to_owned(),
            None,
        ),
        Error::InvalidValueForType { expected, found } => (
            format!("found {found}"),
            format!("expected {expected}"),
            None,
        ),
        Error::ExpectedDifferentLength { expected, .. } => (
            "the list is empty".to_owned(),
            format!("expected {expected}"),
            None,
        ),
        Error::ExceededRecursionLimit => (
            "brackets are nested too deeply for a scenario".to_owned(),
            "too deep".to_owned(),
            None,
        ),
        Error::Eof => (
            "the file ends in the middle of a value".to_owned(),
            "expected more".to_owned(),
            Some("a closing bracket or quote is missing above".to_owned()),
        ),
        Error::Message(message) => (message, "here".to_owned(), None),
        other => (other.to_string(), "here".to_owned(), None),
    };
    Misfit::at(range, text, path, message, expected, help)
}

fn one_of(names: &[&str]) -> String {
    format!("expected one of {}", names.join(", "))
}

/// Suggests the name that was probably meant.
fn nearest(found: &str, names: &[&str]) -> Option<String> {
    let similarity = |name: &&&str| strsim::jaro_winkler(found, name);
    names
        .iter()
        .filter(|name| similarity(name) > 0.7)
        .max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
        .map(|name| format!("did you mean `{name}`?"))
}

/// Converts line and column (in characters, from 1) into a byte offset.
fn offset(text: &str, position: Position) -> usize {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(position.line - 1)
        .map(str::len)
        .sum();
    let line = &text[line_start..];
    let column = line.char_indices().nth(position.col - 1);
    line_start + column.map_or(line.len(), |(offset, _)| offset)
}
