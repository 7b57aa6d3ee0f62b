//! What an attribute says. Values are converted leniently: numbers may be stored as text, and texts
//! may be padded.

use dicom_core::Tag;
use dicom_object::InMemDicomObject;

/// Returns the text of an attribute without padding; `None` if it is absent or empty. Several values
/// are separated by `\`.
pub(super) fn text(data: &InMemDicomObject, tag: Tag) -> Option<String> {
    let text = data.get(tag)?.to_str().ok()?;
    let text = text.trim_matches([' ', '\0']);
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns all values of an attribute; `None` if it is absent, or one of them is no finite number.
pub(super) fn numbers(data: &InMemDicomObject, tag: Tag) -> Option<Vec<f64>> {
    parse_numbers(&data.get(tag)?.to_str().ok()?)
}

/// Returns the numbers of a text, separated by `\`.
pub(super) fn parse_numbers(text: &str) -> Option<Vec<f64>> {
    let number = |part: &str| {
        let number = part.trim_matches([' ', '\0']).parse::<f64>().ok()?;
        number.is_finite().then_some(number)
    };
    text.split('\\').map(number).collect()
}

/// Returns as many numbers as an attribute must have.
pub(super) fn vector<const N: usize>(data: &InMemDicomObject, tag: Tag) -> Option<[f64; N]> {
    numbers(data, tag)?.try_into().ok()
}

/// Returns the first number.
pub(super) fn number(data: &InMemDicomObject, tag: Tag) -> Option<f64> {
    let text = data.get(tag)?.to_str().ok()?;
    parse_numbers(text.split('\\').next()?)?.first().copied()
}

/// Returns the first number, if it is whole.
pub(super) fn integer(data: &InMemDicomObject, tag: Tag) -> Option<i64> {
    let number = number(data, tag)?;
    // Beyond 2^53 not every whole number is its own.
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// Returns the items of a sequence; none if it is absent.
pub(super) fn items(data: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    data.get(tag)
        .and_then(|element| element.items())
        .unwrap_or_default()
}

/// Returns the first item of a sequence.
pub(super) fn first(data: &InMemDicomObject, tag: Tag) -> Option<&InMemDicomObject> {
    items(data, tag).first()
}
