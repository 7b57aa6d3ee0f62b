//! Which pixels of a mask belong to which object. See [`ObjectSpec`] and [`Inside`].

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    DatasetError,
    files::pairing::{MaskFile, Pair},
    raters,
};
use crate::scenario::Name;

/// An object that becomes a task.
///
/// ```ron
/// objects: [
///     (name: "liver", inside: values([1, 2])),
///     (name: "lung", files: ["left", "right"]),
/// ]
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectSpec {
    /// Names the object in rows and figures.
    pub name: Name,
    /// Which pixels of a mask belong to it; by default as the dataset says.
    #[serde(default)]
    pub inside: Option<Inside>,
    /// What `{object}` stands for in the names of its masks; by default its own name.
    #[serde(default)]
    pub files: Vec<String>,
}

/// Which pixels of a mask belong to an object.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inside {
    /// Every value but 0. Of a palette, the index counts.
    Nonzero,
    /// Values above this one, on the scale of 8 bits: a 16-bit mask is divided by 257.
    Above(f64),
    /// These values, as stored. Of a palette, the index counts.
    Values(Vec<i64>),
    /// The study's rule: 255 if the largest value of the mask is 255, else every value but 0.
    /// (Its code divides by 255 and truncates, so that 254 is lost exactly when 255 is there.)
    Paper,
    /// Pixels whose colour is nearer to this one than to black and to the other objects' colours.
    Colour(u8, u8, u8),
}

/// What to do with several masks of one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Several {
    /// They are parts of it.
    #[default]
    Merged,
    /// Each is an object of its own, `name_n`; needs `{n}` in `mask_name`.
    Apart,
}

/// An object with its rule made definite.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) inside: Inside,
    /// The texts of `{object}` whose files show it; `None` if the pattern has no such placeholder.
    files: Option<Vec<String>>,
    part: Part,
    /// Whose masks show it; `None` for everybody's.
    rater: Option<String>,
}

/// Which of several masks show an object.
#[derive(Clone, Debug)]
enum Part {
    All,
    /// The one with this text of `{n}`, or without any.
    Only(Option<String>),
}

impl Object {
    /// Returns whether a mask shows the object.
    pub(super) fn is_in(&self, mask: &MaskFile) -> bool {
        let file_fits = (self.files.as_ref())
            .is_none_or(|files| files.iter().any(|file| Some(file) == mask.object.as_ref()));
        let part_fits = match &self.part {
            Part::All => true,
            Part::Only(wanted) => *wanted == mask.number,
        };
        let rater_fits = self.rater.is_none() || self.rater == mask.rater;
        file_fits && part_fits && rater_fits
    }
}

/// What of a declaration says which objects there are.
pub(super) struct Declared<'a> {
    pub(super) dataset: &'a str,
    pub(super) objects: &'a [ObjectSpec],
    pub(super) inside: &'a Inside,
    pub(super) several: Several,
    /// Whether each rater's masks show objects of their own.
    pub(super) per_rater: bool,
    /// What the declaration calls the pattern for masks.
    pub(super) mask_field: &'static str,
    /// Whether the pattern for masks has `{object}` and `{n}`.
    pub(super) has_object: bool,
    pub(super) has_number: bool,
}

impl Declared<'_> {
    /// Returns the objects: those declared, or one per text of `{object}`; then, where several masks
    /// are apart, one per number, and where raters are, one per rater.
    ///
    /// # Errors
    /// None declared and none to be found in names of files, a name twice, or a contradiction.
    pub(super) fn resolve(&self, pairs: &[Pair]) -> Result<Vec<Object>, DatasetError> {
        let wrong = |problem: String| DatasetError::Declaration {
            dataset: self.dataset.to_owned(),
            problem,
        };
        let files = || {
            pairs
                .iter()
                .filter_map(|pair| pair.masks.as_ref().ok())
                .flatten()
        };
        let mut objects: Vec<Object> = if !self.objects.is_empty() {
            self.objects
                .iter()
                .map(|spec| self.declared(spec))
                .collect()
        } else if self.has_object {
            let found: BTreeSet<&str> = files().filter_map(|file| file.object.as_deref()).collect();
            found
                .into_iter()
                .map(|file| self.found(file))
                .collect::<Result<_, _>>()
                .map_err(wrong)?
        } else {
            return Err(wrong(
                "has no `objects`; expected at least one, such as `objects: [(name: \"lung\")]`"
                    .to_owned(),
            ));
        };
        if let Some(spec) = self
            .objects
            .iter()
            .find(|spec| !spec.files.is_empty() && !self.has_object)
        {
            return Err(wrong(format!(
                "object `{}` lists `files`, but `{}` has no {{object}}",
                spec.name, self.mask_field
            )));
        }
        if self.several == Several::Apart {
            if !self.has_number {
                return Err(wrong(format!(
                    "`several: apart` needs {{n}} in `{}`",
                    self.mask_field
                )));
            }
            objects = objects
                .iter()
                .flat_map(|object| Self::numbered(object, pairs))
                .collect();
        }
        if self.per_rater {
            let raters = raters::found(pairs);
            objects = objects
                .iter()
                .flat_map(|object| raters.iter().map(|rater| rated(object, rater)))
                .collect::<Result<_, _>>()
                .map_err(wrong)?;
        }
        let mut names = BTreeSet::new();
        match objects
            .iter()
            .find(|object| !names.insert(object.name.as_str()))
        {
            Some(twice) => Err(wrong(format!("two objects are called `{}`", twice.name))),
            None => Ok(objects),
        }
    }

    fn declared(&self, spec: &ObjectSpec) -> Object {
        let name = spec.name.to_string();
        let files = if spec.files.is_empty() {
            vec![name.clone()]
        } else {
            spec.files.clone()
        };
        Object {
            name,
            inside: spec.inside.clone().unwrap_or_else(|| self.inside.clone()),
            files: self.has_object.then_some(files),
            part: Part::All,
            rater: None,
        }
    }

    /// Makes an object of what the name of a file says.
    fn found(&self, file: &str) -> Result<Object, String> {
        let name = Name::try_from(file).map_err(|error| {
            format!("{{object}} stands for {file:?}, which cannot name an object ({error}); declare `objects: [(name: …, files: [{file:?}])]`")
        })?;
        Ok(Object {
            name: name.to_string(),
            inside: self.inside.clone(),
            files: Some(vec![file.to_owned()]),
            part: Part::All,
            rater: None,
        })
    }

    /// Returns one object per number found, in numerical order.
    fn numbered(object: &Object, pairs: &[Pair]) -> Vec<Object> {
        let files = pairs
            .iter()
            .filter_map(|pair| pair.masks.as_ref().ok())
            .flatten();
        let numbers: BTreeSet<(usize, Option<&str>)> = files
            .filter(|file| object.is_in(file))
            // Digits only: of equal length, the order of texts is that of numbers.
            .map(|file| (file.number.as_ref().map_or(0, String::len), file.number.as_deref()))
            .collect();
        let numbered = |(_, number): (usize, Option<&str>)| Object {
            name: number.map_or_else(|| object.name.clone(), |n| format!("{}_{n}", object.name)),
            part: Part::Only(number.map(str::to_owned)),
            ..object.clone()
        };
        numbers.into_iter().map(numbered).collect()
    }
}

/// Makes the object that one rater's masks show.
fn rated(object: &Object, rater: &str) -> Result<Object, String> {
    let name = Name::try_from(format!("{}_{rater}", object.name)).map_err(|error| {
        format!("{{rater}} stands for {rater:?}, which cannot be part of an object's name: {error}")
    })?;
    Ok(Object {
        name: name.to_string(),
        rater: Some(rater.to_owned()),
        ..object.clone()
    })
}
