//! What the engine knows of the study's datasets, from `assets/datasets/`. See [`Known`].

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use ron::value::RawValue;
use serde::Deserialize;

use crate::{datasets::DatasetSpec, scenario::dialect};

/// The study's datasets, in the order of its Table 1: identifier and text.
const TEXTS: &[(&str, &str)] = &[
    (
        "mri_spine",
        include_str!("../../../../assets/datasets/mri_spine.ron"),
    ),
    (
        "mri_heart",
        include_str!("../../../../assets/datasets/mri_heart.ron"),
    ),
    (
        "mri_prostate",
        include_str!("../../../../assets/datasets/mri_prostate.ron"),
    ),
    (
        "mri_brain",
        include_str!("../../../../assets/datasets/mri_brain.ron"),
    ),
    (
        "xray_chest",
        include_str!("../../../../assets/datasets/xray_chest.ron"),
    ),
    (
        "xray_hip",
        include_str!("../../../../assets/datasets/xray_hip.ron"),
    ),
    (
        "us_breast",
        include_str!("../../../../assets/datasets/us_breast.ron"),
    ),
    (
        "us_kidney",
        include_str!("../../../../assets/datasets/us_kidney.ron"),
    ),
    (
        "ct_liver",
        include_str!("../../../../assets/datasets/ct_liver.ron"),
    ),
    (
        "ct_organ",
        include_str!("../../../../assets/datasets/ct_organ.ron"),
    ),
    (
        "pet_liver",
        include_str!("../../../../assets/datasets/pet_liver.ron"),
    ),
];

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let read = |&(id, text): &(&'static str, &str)| {
        let known: Known = dialect()
            .from_str(text)
            .unwrap_or_else(|error| unreachable!("{id}.ron is part of the program: {error}"));
        Known { id, ..known }
    };
    TEXTS.iter().map(read).collect()
});

/// A dataset that the engine knows by name.
#[derive(Debug, Deserialize)]
#[serde(rename = "Dataset", deny_unknown_fields)]
pub struct Known {
    /// What scenarios call it.
    #[serde(skip)]
    pub id: &'static str,
    /// What the study's Table 1 calls it.
    pub title: String,
    /// What its images show, and where they come from.
    pub shows: String,
    /// Under which terms it is published, and how sure that is.
    pub licence: String,
    /// How to get it.
    pub get: String,
    /// What else a user should know, what is unknown or unchecked in particular.
    #[serde(default)]
    pub notes: Vec<String>,
    /// How its files lie; the first that fits is taken.
    pub layouts: Vec<KnownLayout>,
}

/// One way in which the files of a dataset lie in a folder.
#[derive(Debug, Deserialize)]
#[serde(rename = "Layout", deny_unknown_fields)]
pub struct KnownLayout {
    /// What scenarios call it.
    pub name: String,
    /// Some of the files.
    pub tree: Vec<String>,
    /// Folders that a download may wrap around them.
    #[serde(default)]
    within: Vec<String>,
    /// Modalities to choose from, as scenarios and as files call them; the first by default.
    #[serde(default)]
    modalities: Vec<(String, String)>,
    /// The dataset in other words, `FOLDER` and `MODALITY` for what a scenario says.
    declaration: Box<RawValue>,
}

impl Known {
    /// Returns all of them, in the order of the study's Table 1.
    pub fn all() -> &'static [Self] {
        &KNOWN
    }

    /// Returns its objects.
    pub fn objects(&self) -> Vec<String> {
        let spec = self.layouts.first().and_then(|layout| {
            let text = layout.declaration("FOLDER", None).ok()?;
            dialect().from_str::<DatasetSpec>(&text).ok()
        });
        let Some(mut spec) = spec else {
            return Vec::new();
        };
        let settings = spec.settings();
        settings.map_or_else(Vec::new, |settings| {
            let objects = settings.objects.iter();
            objects.map(|object| object.name.to_string()).collect()
        })
    }

    /// Returns the one of this name.
    pub fn find(id: &str) -> Option<&'static Self> {
        Self::all().iter().find(|known| known.id == id)
    }
}

impl KnownLayout {
    /// Returns the modalities that can be chosen, the default first.
    pub fn modalities(&self) -> impl Iterator<Item = &str> {
        self.modalities.iter().map(|(word, _)| word.as_str())
    }

    /// Returns where the files of a folder may lie: in itself, or in one that the download wraps
    /// around them.
    pub(super) fn places(&self, folder: &Path) -> Vec<PathBuf> {
        let within = self.within.iter().map(|name| folder.join(name));
        std::iter::once(folder.to_owned()).chain(within).collect()
    }

    /// Returns the declaration in RON, in terms of files: what a scenario would say if it did not
    /// know the dataset. Without a modality, the default.
    ///
    /// # Errors
    /// A modality that is not there, and those that are.
    pub fn declaration(&self, folder: &str, modality: Option<&str>) -> Result<String, String> {
        let chosen = match modality {
            None => self.modalities.first(),
            Some(word) => {
                let known = self.modalities.iter().find(|(known, _)| known == word);
                Some(known.ok_or_else(|| self.refuse(word))?)
            }
        };
        let text = outdent(self.declaration.get_ron().trim());
        let text = text.replace("FOLDER", &escape(folder));
        Ok(match chosen {
            Some((_, in_names)) => text.replace("MODALITY", in_names),
            None => text,
        })
    }

    fn refuse(&self, modality: &str) -> String {
        let known: Vec<_> = self.modalities().collect();
        match known[..] {
            [] => format!("`modality: {modality:?}`: there is nothing to choose from here"),
            _ => format!(
                "there is no modality {modality:?}; expected one of {}",
                known.join(", ")
            ),
        }
    }
}

/// Writes a text as it stands between the quotes of RON.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Takes off the indentation that all lines but the first have in common.
fn outdent(text: &str) -> String {
    let indentation = |line: &&str| line.len() - line.trim_start().len();
    let lines = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let common = lines.map(|line| indentation(&line)).min().unwrap_or(0);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| {
        format!("{text}\n{}", line.get(common..).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{published, published_images};

    #[test]
    fn the_names_are_those_of_the_published_values() {
        for known in Known::all() {
            assert!(published_images(known.id).is_some(), "{}", known.id);
            assert_eq!(published_images(known.id), published_images(&known.title));
            if known.id == "pet_liver" {
                // Only in figures of the preprint.
                continue;
            }
            for layout in &known.layouts {
                let text = layout.declaration("x", None).expect("the default is there");
                for name in text.split("(name: \"").skip(1) {
                    let object = name.split('"').next().unwrap_or_default();
                    let is_known = object == "brain" || !published(known.id, object).is_empty();
                    assert!(
                        is_known || object == known.id,
                        "{}: nothing is published of {object}",
                        known.id
                    );
                }
            }
        }
    }

    #[test]
    fn declarations_are_printed_flush() {
        let known = Known::find("mri_heart").expect("it is known");
        let text = known.layouts[0].declaration("a \"b\"\\c", None);
        let text = text.expect("there is nothing to choose");
        assert!(
            text.starts_with("volumes(\n    name: \"mri_heart\",\n"),
            "{text}"
        );
        assert!(text.ends_with("\n)"), "{text}");
        assert!(text.contains(r#"images: "a \"b\"\\c/imagesTr""#), "{text}");
    }

    #[test]
    fn modalities_are_chosen_by_the_studys_words() {
        let known = Known::find("mri_brain").expect("it is known");
        let newest = known.layouts.last().expect("there are three");
        let name = |modality| {
            let text = newest.declaration("x", modality)?;
            let line = text.lines().find(|line| line.contains("image_name"));
            Ok::<_, String>(line.unwrap_or_default().trim().to_owned())
        };
        assert_eq!(
            name(None),
            Ok(r#"image_name: "{case}/{case}-t2f","#.to_owned())
        );
        assert_eq!(
            name(Some("t1ce")),
            Ok(r#"image_name: "{case}/{case}-t1c","#.to_owned())
        );
        let refusal = name(Some("ct")).expect_err("there is no CT");
        assert!(refusal.contains("flair, t1, t1ce, t2"), "{refusal}");
    }
}
