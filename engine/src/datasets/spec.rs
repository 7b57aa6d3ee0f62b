//! The declarations a scenario can make about its data. See [`DatasetSpec`].

use std::{fmt, path::Path, sync::LazyLock};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, Error, VariantAccess, Visitor},
};

use super::{
    Dataset, DatasetError, DicomSpec, FolderPairSpec, Known, KnownSpec, ObjectSpec, PhantomsSpec,
    Preparation, Raters, Step, Unpaired, VolumesSpec, dicom, folder_pair, known, phantoms, volumes,
};
use crate::scenario::Name;

/// A dataset as declared in a scenario.
///
/// ```ron
/// datasets: [
///     phantoms(name: "chest", modality: chest_xray, cases: 4),
///     mri_heart(folder: "data/Task02_Heart"),
/// ]
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum DatasetSpec {
    /// Series of images, segmentations and structure sets.
    Dicom(DicomSpec),
    /// Pictures and their masks.
    FolderPair(FolderPairSpec),
    /// Drawn by the engine.
    Phantoms(PhantomsSpec),
    /// Volumes and their labels.
    Volumes(VolumesSpec),
    /// One of the study's, named by what it is.
    Known(KnownSpec),
}

/// What the declarations of all datasets of files say, each in its own words.
pub(super) struct Settings<'a> {
    pub(super) name: &'a mut Name,
    pub(super) objects: &'a mut Vec<ObjectSpec>,
    /// Where masks are told apart by who drew them.
    pub(super) raters: Option<&'a mut Raters>,
    pub(super) unpaired: &'a mut Unpaired,
    pub(super) normalise: &'a mut Vec<Step>,
    pub(super) prepare: &'a mut Preparation,
}

/// Borrows the settings of a declaration.
macro_rules! settings {
    ($spec:ident, $raters:expr) => {
        Settings {
            name: &mut $spec.name,
            objects: &mut $spec.objects,
            raters: $raters,
            unpaired: &mut $spec.unpaired,
            normalise: &mut $spec.normalise,
            prepare: &mut $spec.prepare,
        }
    };
}

impl DatasetSpec {
    /// Returns the name the scenario gives it.
    pub fn name(&self) -> &Name {
        match self {
            Self::Dicom(spec) => &spec.name,
            Self::FolderPair(spec) => &spec.name,
            Self::Volumes(spec) => &spec.name,
            Self::Phantoms(spec) => &spec.name,
            Self::Known(spec) => &spec.name,
        }
    }

    /// Returns what can be set alike in all datasets of files; `None` of others.
    pub(super) fn settings(&mut self) -> Option<Settings<'_>> {
        match self {
            Self::Dicom(spec) => Some(settings!(spec, None)),
            Self::FolderPair(spec) => Some(settings!(spec, Some(&mut spec.raters))),
            Self::Volumes(spec) => Some(settings!(spec, Some(&mut spec.raters))),
            Self::Phantoms(_) | Self::Known(_) => None,
        }
    }

    /// Finds the cases, sorted by identifier. Paths are relative to `base_dir`, the folder of the
    /// scenario file, unless absolute. Only names are read, so that 100 000 cases cost little.
    ///
    /// # Errors
    /// A contradictory declaration, a missing folder, or no case at all. What is wrong with one case
    /// is reported when that case is read.
    pub fn open(&self, base_dir: &Path) -> Result<Box<dyn Dataset>, DatasetError> {
        match self {
            Self::Dicom(spec) => Ok(Box::new(dicom::Dicom::open(spec, base_dir)?)),
            Self::FolderPair(spec) => Ok(Box::new(folder_pair::FolderPair::open(spec, base_dir)?)),
            Self::Volumes(spec) => Ok(Box::new(volumes::Volumes::open(spec, base_dir)?)),
            Self::Phantoms(spec) => Ok(Box::new(phantoms::Phantoms::new(spec)?)),
            Self::Known(spec) => Ok(Box::new(known::Recognised::open(spec, base_dir)?)),
        }
    }
}

/// The word before the parentheses.
#[derive(Clone, Copy)]
enum Word {
    Dicom,
    FolderPair,
    Phantoms,
    Volumes,
    Known(&'static Known),
}

/// All words, those of kinds of files first.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let known = Known::all().iter().map(|known| known.id);
    ["dicom", "folder_pair", "phantoms", "volumes"]
        .into_iter()
        .chain(known)
        .collect()
});

impl<'de> Deserialize<'de> for DatasetSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("DatasetSpec", &WORDS, Declared)
    }
}

struct Declared;

impl<'de> Visitor<'de> for Declared {
    type Value = DatasetSpec;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a dataset, such as mri_heart(folder: \"…\")")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<DatasetSpec, A::Error> {
        let (word, fields) = access.variant_seed(AWord)?;
        match word {
            Word::Dicom => fields.newtype_variant().map(DatasetSpec::Dicom),
            Word::FolderPair => fields.newtype_variant().map(DatasetSpec::FolderPair),
            Word::Phantoms => fields.newtype_variant().map(DatasetSpec::Phantoms),
            Word::Volumes => fields.newtype_variant().map(DatasetSpec::Volumes),
            Word::Known(known) => fields
                .newtype_variant_seed(AKnown(known))
                .map(DatasetSpec::Known),
        }
    }
}

struct AWord;

impl<'de> DeserializeSeed<'de> for AWord {
    type Value = Word;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Word, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for AWord {
    type Value = Word;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a dataset or of a kind of files")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Word, E> {
        match word {
            "dicom" => Ok(Word::Dicom),
            "folder_pair" => Ok(Word::FolderPair),
            "phantoms" => Ok(Word::Phantoms),
            "volumes" => Ok(Word::Volumes),
            _ => Known::find(word)
                .map(Word::Known)
                .ok_or_else(|| E::unknown_variant(word, &WORDS)),
        }
    }
}

struct AKnown(&'static Known);

impl<'de> DeserializeSeed<'de> for AKnown {
    type Value = KnownSpec;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<KnownSpec, D::Error> {
        KnownSpec::deserialize(self.0, deserializer)
    }
}

#[cfg(test)]
mod tests {
    use ron::{Options, extensions::Extensions};

    use super::*;

    /// Returns what a scenario's RON dialect makes of a text, or its complaint.
    fn read(text: &str) -> String {
        Options::default()
            .with_default_extension(Extensions::IMPLICIT_SOME)
            .with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
            .from_str::<DatasetSpec>(text)
            .map_or_else(|e| e.to_string(), |spec| format!("{spec:?}"))
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, expected) in [
            (
                r#"phantoms(name: "a/b", modality: chest_xray)"#,
                "1:17-1:21: the name",
            ),
            (
                r#"phantoms(name: "a", modality: xray)"#,
                "1:31-1:35: Unexpected variant named `xray`",
            ),
            (
                r#"phantoms(name: "a", modality: chest_xray, size: 10)"#,
                "a phantom of 10 pixels",
            ),
            (
                r#"phantoms(name: "a", modality: chest_xray, cases: 0)"#,
                "0 phantoms",
            ),
            (
                r#"phantoms(name: "a", modality: chest_xray, sizes: 10)"#,
                "Unexpected field named `sizes`",
            ),
            (r#"phantoms(name: "a")"#, "missing field named `modality`"),
            (
                r#"fantoms(name: "a")"#,
                "`phantoms`, `volumes`, `mri_spine`",
            ),
            (
                r#"mri_heart(folders: "a")"#,
                "Unexpected field named `folders` in `mri_heart`",
            ),
            ("mri_heart()", "missing field named `folder`"),
        ] {
            assert!(read(text).contains(expected), "{text}: {}", read(text));
        }
    }
}
