//! Which segments, regions and masks are which object. See [`resolve`].

use std::collections::BTreeMap;

use super::{
    pairs::{Case, Misfit},
    spec::{DicomSpec, TruthSource, Wildcard},
};
use crate::{
    datasets::{CaseSource, DatasetError, objects::Inside},
    scenario::Name,
};

/// An object with its rule made definite.
pub(super) struct Wanted {
    pub(super) name: String,
    /// Labels of segments, names of regions, or what `{object}` stands for; `None` for all.
    labels: Option<Vec<Wildcard>>,
    /// Numbers of segments or regions; `None` for all.
    numbers: Option<Vec<i64>>,
    /// Which values of a mask or label volume.
    pub(super) inside: Inside,
}

impl Wanted {
    /// Returns whether a segment, region or mask of this number and label shows the object.
    pub(super) fn is_shown_by(&self, number: Option<i64>, label: &str) -> bool {
        let label_fits = (self.labels.as_ref())
            .is_none_or(|labels| labels.iter().any(|pattern| pattern.fits(label)));
        let number_fits = match (&self.numbers, number) {
            (Some(numbers), Some(number)) => numbers.contains(&number),
            _ => true,
        };
        label_fits && number_fits
    }
}

/// Returns the objects: those declared, or else one per label, sorted by name. Labels whose names are alike
/// once they are written with plain letters are one object.
///
/// # Errors
/// An object twice; no label at all.
pub(super) fn resolve(
    spec: &DicomSpec,
    found: &[(CaseSource, Result<Case, Misfit>)],
) -> Result<Vec<Wanted>, DatasetError> {
    let wrong = |problem: String| DatasetError::Declaration {
        dataset: spec.name.to_string(),
        problem,
    };
    let is_referenced = spec.truth == TruthSource::Referenced;
    let has_labels = match &spec.truth {
        TruthSource::Referenced => true,
        TruthSource::Series(pattern) | TruthSource::Volumes(pattern) => {
            pattern.has(crate::datasets::files::pattern::OBJECT)
        }
    };
    if !spec.objects.is_empty() {
        let mut names: Vec<&str> = spec.objects.iter().map(|object| &*object.name).collect();
        names.sort_unstable();
        if let Some([twice, _]) = names.array_windows().find(|[a, b]| a == b) {
            return Err(wrong(format!("two objects are called `{twice}`")));
        }
        let wanted = spec.objects.iter().map(|object| {
            let inside = object.inside.as_ref().unwrap_or(&spec.inside);
            let numbers = match inside {
                Inside::Values(numbers) if is_referenced => Some(numbers.clone()),
                _ => None,
            };
            let files = object.files.iter().map(Wildcard::new);
            let labels = if !has_labels || (object.files.is_empty() && numbers.is_some()) {
                None
            } else if object.files.is_empty() {
                Some(vec![Wildcard::new(&*object.name)])
            } else {
                Some(files.collect())
            };
            Wanted {
                name: object.name.to_string(),
                labels,
                numbers,
                inside: inside.clone(),
            }
        });
        return Ok(wanted.collect());
    }
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let cases = found.iter().filter_map(|(_, case)| case.as_ref().ok());
    for (number, label) in cases
        .flat_map(|case| &case.truth)
        .flat_map(|truth| &truth.objects)
    {
        let labels = by_name.entry(plain(label, *number)).or_default();
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    if by_name.is_empty() {
        return Err(wrong(
            "its truth shows no object at all; declare `objects`, or other truth".to_owned(),
        ));
    }
    let wanted = by_name.into_iter().map(|(name, mut labels)| {
        labels.sort_unstable();
        Wanted {
            name,
            labels: Some(labels.into_iter().map(Wildcard::new).collect()),
            numbers: None,
            inside: spec.inside.clone(),
        }
    });
    Ok(wanted.collect())
}

/// Writes a label as the name of an object: what is no plain letter or digit becomes `_`.
fn plain(label: &str, number: Option<i64>) -> String {
    let words = label
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("_");
    name.truncate(64);
    let name = name.trim_end_matches('_');
    match Name::try_from(name) {
        Ok(name) => name.to_string(),
        Err(_) => format!("object_{}", number.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_plain_names() {
        for (label, expected) in [
            ("GTV_Mass_CT", "GTV_Mass_CT"),
            ("first segment", "first_segment"),
            ("RGB(37, 231, 253)", "RGB_37_231_253"),
            ("  ", "object_7"),
            ("肝臓", "object_7"),
        ] {
            assert_eq!(plain(label, Some(7)), expected, "{label}");
        }
        assert_eq!(plain(&"long ".repeat(40), None).len(), 64);
    }
}
