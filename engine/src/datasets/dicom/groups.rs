//! Series of images among the files of a folder. See [`group`].

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    scan::{File, Scan},
    spec::{DicomSpec, TruthSource},
};
use crate::formats::dicom::Kind;

/// A series of images.
pub(super) struct Group<'a> {
    /// The folder that it lies in.
    pub(super) folder: &'a str,
    /// Its series UID.
    pub(super) series: &'a str,
    /// By number, then by path.
    pub(super) files: Vec<&'a File>,
    /// The number of a picture that has no place beside the others of its series.
    pub(super) alone: bool,
}

impl Group<'_> {
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    pub(super) fn has_instance(&self, uid: &str) -> bool {
        self.files.iter().any(|file| file.summary.instance == uid)
    }

    /// Returns whether a declaration means it.
    pub(super) fn is_meant(&self, spec: &DicomSpec) -> bool {
        let summary = &self.files[0].summary;
        let modality_fits = (spec.modality.as_ref())
            .is_none_or(|modality| modality.eq_ignore_ascii_case(&summary.modality));
        let series_fits =
            (spec.series.as_ref()).is_none_or(|series| series.fits(&summary.description));
        let folder_fits =
            (spec.images.as_ref()).is_none_or(|images| !images.fits(self.folder).is_empty());
        modality_fits && series_fits && folder_fits
    }

    /// Returns a readable name: folder, series number and, for a picture of its own, its number.
    pub(super) fn name(&self) -> String {
        let summary = &self.files[0].summary;
        let number = |letter: &str, number: Option<i64>| {
            number.map_or_else(
                || format!("{letter}?"),
                |number| format!("{letter}{number}"),
            )
        };
        let mut parts = vec![number("s", summary.series_number)];
        if !self.folder.is_empty() {
            parts.insert(0, self.folder.to_owned());
        }
        if self.alone {
            parts.push(number("i", summary.instance_number));
        }
        parts.join("/")
    }
}

/// Finds the series of images, sorted by folder and series UID: the images of one folder with one
/// UID. Several pictures without a place in the patient, such as X-rays from two sides, are each on their
/// own, unless masks are found by name, and then go with the series as a whole.
pub(super) fn group<'a>(spec: &DicomSpec, scan: &'a Scan) -> Vec<Group<'a>> {
    let mut by_series: BTreeMap<(&str, &str), Vec<&File>> = BTreeMap::new();
    for file in &scan.files {
        if file.summary.kind == Kind::Image {
            let key = (file.folder.as_str(), file.summary.series.as_str());
            by_series.entry(key).or_default().push(file);
        }
    }
    let mut groups = Vec::new();
    for ((folder, series), mut files) in by_series {
        files.sort_by(|a, b| {
            (a.summary.instance_number, &a.path).cmp(&(b.summary.instance_number, &b.path))
        });
        let is_placed = files.iter().any(|file| file.summary.has_place);
        if is_placed || files.len() == 1 || spec.truth != TruthSource::Referenced {
            groups.push(Group {
                folder,
                series,
                files,
                alone: false,
            });
            continue;
        }
        groups.extend(files.into_iter().map(|file| Group {
            folder,
            series,
            files: vec![file],
            alone: true,
        }));
    }
    groups
}
