//! The declarations a scenario can make about its data. See [`DatasetSpec`].

use std::path::Path;

use serde::Deserialize;

use super::{
    Dataset, DatasetError, FolderPairSpec, PhantomsSpec, VolumesSpec, folder_pair, phantoms,
    volumes,
};
use crate::scenario::Name;

/// A dataset as declared in a scenario.
///
/// ```ron
/// datasets: [
///     phantoms(name: "chest", modality: chest_xray, cases: 4),
/// ]
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetSpec {
    /// Pictures and their masks.
    FolderPair(FolderPairSpec),
    /// Drawn by the engine.
    Phantoms(PhantomsSpec),
    /// Volumes and their labels.
    Volumes(VolumesSpec),
}

impl DatasetSpec {
    /// Returns the name the scenario gives it.
    pub fn name(&self) -> &Name {
        match self {
            Self::FolderPair(spec) => &spec.name,
            Self::Volumes(spec) => &spec.name,
            Self::Phantoms(spec) => &spec.name,
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
            Self::FolderPair(spec) => Ok(Box::new(folder_pair::FolderPair::open(spec, base_dir)?)),
            Self::Volumes(spec) => Ok(Box::new(volumes::Volumes::open(spec, base_dir)?)),
            Self::Phantoms(spec) => Ok(Box::new(phantoms::Phantoms::new(spec)?)),
        }
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
            (r#"fantoms(name: "a")"#, "`phantoms`, or `volumes`"),
        ] {
            assert!(read(text).contains(expected), "{text}: {}", read(text));
        }
    }
}
