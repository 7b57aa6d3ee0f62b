//! RON's errors in the words of a scenario. See [`explain`].

use std::{ops::Range, path::Path};

use ron::error::{Error, Position, SpannedError};

use super::{Misfit, ScenarioError};

/// Says what is wrong, what was expected and, for a slip of the pen, what was probably meant.
pub(super) fn explain(error: SpannedError, text: &str, path: &Path) -> ScenarioError {
    let start = offset(text, error.span.start);
    let range = match error.code {
        Error::Eof => text.trim_end().len()..text.trim_end().len(),
        _ => whole_token(text, start..offset(text, error.span.end).max(start)),
    };
    let help = match &error.code {
        Error::NoSuchEnumVariant {
            expected, found, ..
        }
        | Error::NoSuchStructField {
            expected, found, ..
        } => nearest(found, expected),
        Error::Eof => Some("a closing bracket or quote is missing above".to_owned()),
        Error::ExpectedDifferentStructName {
            expected: "Scenario",
            ..
        }
        | Error::ExpectedNamedStructLike("Scenario") => Some(
            "a scenario is written as (name: \"…\", datasets: […], models: […], strategies: […])"
                .to_owned(),
        ),
        _ => None,
    };
    let (message, expected) = describe(error.code, &text[range.clone()]);
    Misfit::at(range, text, path, message, expected, help)
}

/// Returns what is wrong, and what was expected.
fn describe(error: Error, found: &str) -> (String, String) {
    let in_outer = |outer: Option<String>| match outer {
        Some(outer) => format!(" in {}", words(&outer)),
        None => String::new(),
    };
    match error {
        Error::NoSuchEnumVariant {
            expected,
            found,
            outer,
        } => (
            format!(
                "unknown {} `{found}`",
                outer.map_or_else(|| "word".to_owned(), |outer| words(&outer))
            ),
            one_of(expected),
        ),
        Error::NoSuchStructField {
            expected,
            found,
            outer,
        } => (
            format!("unknown field `{found}`{}", in_outer(outer)),
            one_of(expected),
        ),
        Error::MissingStructField { field, outer } => (
            format!("missing field `{field}`{}", in_outer(outer)),
            format!("expected `{field}: …` before this"),
        ),
        Error::DuplicateStructField { field, outer } => (
            format!("repeated field `{field}`{}", in_outer(outer)),
            "expected once".to_owned(),
        ),
        Error::InvalidValueForType { expected, found } => (
            format!("unexpected {found}"),
            format!("expected {expected}"),
        ),
        Error::ExpectedDifferentLength { expected, .. } => (
            "this list is empty".to_owned(),
            format!("expected {expected}"),
        ),
        Error::ExceededRecursionLimit => (
            "brackets within brackets within brackets".to_owned(),
            "expected no more of them".to_owned(),
        ),
        Error::Eof => (
            "the text ends in the middle of a value".to_owned(),
            "expected more".to_owned(),
        ),
        // By convention, errors of the scenario's own types end in what they expected.
        Error::Message(message) => match message.find("expected ") {
            Some(start) => (
                message[..start]
                    .trim_end_matches([' ', ';', ':'])
                    .to_owned(),
                message[start..].to_owned(),
            ),
            None => (message, "here".to_owned()),
        },
        // RON reads a whole number as far as the point.
        Error::ExpectedComma if found.contains('.') && found.parse::<f64>().is_ok() => (
            format!("unexpected `{found}`"),
            "expected a whole number".to_owned(),
        ),
        error => match expectation(&error) {
            Some(expected) => {
                let found = match found {
                    "" => "end of the text".to_owned(),
                    _ => format!("`{found}`"),
                };
                (
                    format!("unexpected {found}"),
                    format!("expected {expected}"),
                )
            }
            None => (lower_case(&error.to_string()), "here".to_owned()),
        },
    }
}

/// Names what RON expected, where the error says no more than that.
fn expectation(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::ExpectedString => "a text in quotes",
        Error::ExpectedInteger | Error::InvalidIntegerDigit { .. } => "a whole number",
        Error::IntegerOutOfBounds => "a whole number that is neither negative nor huge",
        Error::ExpectedFloat => "a number",
        Error::ExpectedBoolean => "true or false",
        Error::ExpectedArray => "a list, `[…]`",
        Error::ExpectedArrayEnd => "`]`",
        Error::ExpectedComma => "a comma",
        Error::ExpectedIdentifier => "a word",
        Error::ExpectedMapColon => "a colon",
        Error::ExpectedStructLike
        | Error::ExpectedNamedStructLike(_)
        | Error::ExpectedDifferentStructName { .. } => "`(`",
        Error::ExpectedStructLikeEnd | Error::ExpectedOptionEnd => "`)`",
        Error::TrailingCharacters => "nothing after the scenario",
        _ => return None,
    })
}

fn one_of(names: &[&str]) -> String {
    match names {
        [name] => format!("expected {name}"),
        _ => format!("expected one of {}", names.join(", ")),
    }
}

/// Suggests the name that was probably meant.
fn nearest(found: &str, names: &[&str]) -> Option<String> {
    let (similarity, name) = names
        .iter()
        .map(|name| (strsim::jaro_winkler(found, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (similarity > 0.7).then(|| format!("did you mean `{name}`?"))
}

/// Turns the name of a type into words: `ErrorRegion` into «error region».
fn words(name: &str) -> String {
    let mut words = String::new();
    for char in name.trim_end_matches("Spec").chars() {
        if char.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(char.to_lowercase());
    }
    words
}

fn lower_case(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// Converts line and column (in characters, from 1) into a byte offset.
fn offset(text: &str, position: Position) -> usize {
    let lines = text.split_inclusive('\n').take(position.line - 1);
    let line_start: usize = lines.map(str::len).sum();
    let line = &text[line_start..];
    let column = line.char_indices().nth(position.col - 1);
    line_start + column.map_or(line.len(), |(offset, _)| offset)
}

/// Moves and widens a range to what stands there as a whole, a word, a number or a text in quotes:
/// RON's own range is how far its parser came.
fn whole_token(text: &str, Range { start, end }: Range<usize>) -> Range<usize> {
    let in_word = |char: char| char.is_alphanumeric() || "_.+-".contains(char);
    let start = text.len() - text[start..].trim_start().len();
    let Some(first) = text[start..].chars().next() else {
        return start..start;
    };
    let end = end.max(start + first.len_utf8());
    if first == '"' {
        let quoted = text[start + 1..].split(['"', '\n']).next();
        let closed = start + 2 + quoted.map_or(0, str::len);
        start..end.max(closed.min(text.len()))
    } else if in_word(first) {
        let before = text[..start].trim_end_matches(in_word).len();
        let after = text[end..].trim_start_matches(in_word).len();
        before..text.len() - after
    } else {
        start..end
    }
}
