//! What a file is, before its pixels matter. See [`Summary`].

use dicom_dictionary_std::{tags, uids};

use super::{
    Instance,
    attributes::{first, integer, items, text},
};

/// What a file is, and to what it belongs.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What it holds.
    pub kind: Kind,
    /// Identifies the file among all in the world.
    pub instance: String,
    /// Identifies its series.
    pub series: String,
    /// The series' number in its study, where it has one.
    pub series_number: Option<i64>,
    /// The file's number in its series, where it has one.
    pub instance_number: Option<i64>,
    /// Such as `CT` or `PT`; empty if it is not said.
    pub modality: String,
    /// What the series is called; empty if it is not.
    pub description: String,
    /// Identifies the coordinate system.
    pub frame_of_reference: Option<String>,
    /// Whether it says where it lies in the patient.
    pub has_place: bool,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Pictures.
    Image,
    /// A segmentation or a structure set, with what it shows, as (number, label).
    Truth {
        /// Segments or regions of interest.
        objects: Vec<(i64, String)>,
        /// The series it was drawn on.
        series: Vec<String>,
        /// The images it was drawn on.
        instances: Vec<String>,
    },
    /// Reports, annotations, directories and the like.
    Other,
}

impl Summary {
    /// Looks at a file.
    pub fn of(instance: &Instance) -> Self {
        let data = &instance.data;
        let named = |tag| text(data, tag).unwrap_or_default();
        let class = named(tags::SOP_CLASS_UID);
        let kind = match class.as_str() {
            uids::SEGMENTATION_STORAGE | uids::LABEL_MAP_SEGMENTATION_STORAGE => {
                segmentation(instance)
            }
            uids::RT_STRUCTURE_SET_STORAGE => structure_set(instance),
            // Also where the pixels are cut off, which is said when it is read.
            class if is_image(class) => Kind::Image,
            _ if instance.pixels.is_some() && text(data, tags::ROWS).is_some() => Kind::Image,
            _ => Kind::Other,
        };
        let groups = [
            first(data, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE),
            first(data, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE),
        ];
        let is_placed = |group| first(group, tags::PLANE_POSITION_SEQUENCE).is_some();
        Self {
            kind,
            instance: named(tags::SOP_INSTANCE_UID),
            series: named(tags::SERIES_INSTANCE_UID),
            series_number: integer(data, tags::SERIES_NUMBER),
            instance_number: integer(data, tags::INSTANCE_NUMBER),
            modality: named(tags::MODALITY),
            description: named(tags::SERIES_DESCRIPTION),
            frame_of_reference: text(data, tags::FRAME_OF_REFERENCE_UID),
            has_place: text(data, tags::IMAGE_POSITION_PATIENT).is_some()
                || groups.into_iter().flatten().any(is_placed),
        }
    }
}

/// Returns whether a storage class is one of pictures: radiographs, CT, ultrasound, MR, nuclear medicine,
/// secondary captures, angiographs and PET (PS3.4 annex B.5).
fn is_image(class: &str) -> bool {
    const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";
    let family = class
        .strip_prefix(STORAGE)
        .and_then(|rest| rest.split('.').next());
    matches!(
        family,
        Some("1" | "2" | "3" | "4" | "6" | "7" | "12" | "20" | "128" | "130")
    )
}

fn segmentation(instance: &Instance) -> Kind {
    let data = &instance.data;
    let segment = |item| {
        let number = integer(item, tags::SEGMENT_NUMBER)?;
        Some((number, text(item, tags::SEGMENT_LABEL).unwrap_or_default()))
    };
    let is_label_map = text(data, tags::SEGMENTATION_TYPE).is_some_and(|kind| kind == "LABELMAP");
    let objects = items(data, tags::SEGMENT_SEQUENCE)
        .iter()
        .filter_map(segment);
    let references = items(data, tags::REFERENCED_SERIES_SEQUENCE);
    let frames = items(data, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let sources = frames
        .iter()
        .flat_map(|frame| items(frame, tags::DERIVATION_IMAGE_SEQUENCE))
        .flat_map(|derivation| items(derivation, tags::SOURCE_IMAGE_SEQUENCE));
    let named = references
        .iter()
        .flat_map(|series| items(series, tags::REFERENCED_INSTANCE_SEQUENCE));
    Kind::Truth {
        // In a label map, 0 is where nothing is.
        objects: objects
            .filter(|&(number, _)| !is_label_map || number != 0)
            .collect(),
        series: unique(
            references
                .iter()
                .filter_map(|item| text(item, tags::SERIES_INSTANCE_UID)),
        ),
        instances: unique(
            sources
                .chain(named)
                .filter_map(|item| text(item, tags::REFERENCED_SOP_INSTANCE_UID)),
        ),
    }
}

fn structure_set(instance: &Instance) -> Kind {
    let data = &instance.data;
    let roi = |item| {
        let number = integer(item, tags::ROI_NUMBER)?;
        Some((number, text(item, tags::ROI_NAME).unwrap_or_default()))
    };
    // Some writers leave the outer sequence out.
    let frames = items(data, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE);
    let series: Vec<_> = frames
        .iter()
        .chain([data])
        .flat_map(|frame| items(frame, tags::RT_REFERENCED_STUDY_SEQUENCE))
        .flat_map(|study| items(study, tags::RT_REFERENCED_SERIES_SEQUENCE))
        .collect();
    let contours = items(data, tags::ROI_CONTOUR_SEQUENCE)
        .iter()
        .flat_map(|roi| items(roi, tags::CONTOUR_SEQUENCE));
    let images = contours
        .chain(series.iter().copied())
        .flat_map(|item| items(item, tags::CONTOUR_IMAGE_SEQUENCE));
    Kind::Truth {
        objects: items(data, tags::STRUCTURE_SET_ROI_SEQUENCE)
            .iter()
            .filter_map(roi)
            .collect(),
        series: unique(
            series
                .iter()
                .filter_map(|item| text(item, tags::SERIES_INSTANCE_UID)),
        ),
        instances: unique(images.filter_map(|item| text(item, tags::REFERENCED_SOP_INSTANCE_UID))),
    }
}

/// Returns texts sorted and without repetition.
fn unique(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}
