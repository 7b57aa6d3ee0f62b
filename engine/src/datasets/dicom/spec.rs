//! What a scenario says of a DICOM folder. See [`DicomSpec`].

use std::{fmt, path::PathBuf};

use serde::Deserialize;

use crate::{
    datasets::{
        DatasetError, GridRule, Preparation,
        files::{
            pairing::Unpaired,
            pattern::{NUMBER, OBJECT, Pattern},
        },
        intensity::normalise::{self, Step},
        objects::{Inside, ObjectSpec},
        slicing::Axis,
    },
    formats::dicom::Colour,
    scenario::{Name, Ratio},
};

/// A folder of DICOM files, whatever they are called and however deep they lie. Each series that
/// somebody segmented is a case; only slices with an object are played.
///
/// ```ron
/// dicom(
///     name: "sarcoma",
///     folder: "STS",
///     modality: "PT",
///     objects: [(name: "tumour", files: ["GTV*"])],
/// )
/// ```
///
/// A series is the files of one folder with one series UID. Its case is called after the folder and
/// the series' number, as in `STS_002/PET/image/s4`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DicomSpec {
    /// Names the dataset in rows and figures.
    pub name: Name,
    /// Where the files are, at any depth.
    pub folder: PathBuf,
    /// Which folders within hold images; by default any.
    #[serde(default)]
    pub images: Option<Pattern>,
    /// Which series count, by their modality, such as `CT`.
    #[serde(default)]
    pub modality: Option<String>,
    /// Which series count, by their description.
    #[serde(default)]
    pub series: Option<Wildcard>,
    /// Where the truth is.
    #[serde(default)]
    pub truth: TruthSource,
    /// The objects that become tasks. May be left out where truth names its objects: then all that are
    /// found.
    ///
    /// `files` are labels of segments or names of regions, by default the object's own name; `inside:
    /// values([…])` are numbers of segments or regions.
    #[serde(default)]
    pub objects: Vec<ObjectSpec>,
    /// Which pixels of mask series and label volumes belong to an object, unless it says so itself.
    #[serde(default = "nonzero")]
    pub inside: Inside,
    /// From which part on a pixel of a fractional segmentation belongs; by default they are not read.
    #[serde(default)]
    pub fractional: Option<Ratio>,
    /// What to do with pictures in colour.
    #[serde(default)]
    pub colour: Colour,
    /// The axis of the array that is cut; slices follow one another along the last.
    #[serde(default)]
    pub axis: Axis,
    /// What to do with truth without its images; and, where truth is found by its name, with images
    /// without truth.
    #[serde(default)]
    pub unpaired: Unpaired,
    /// What is done to cases and slices before they are played.
    #[serde(default)]
    pub prepare: Preparation,
    /// From rescaled values to the 8 bits that models see.
    #[serde(default = "normalise::published")]
    pub normalise: Vec<Step>,
    /// Whether mask series and label volumes must lie where the images do.
    #[serde(default)]
    pub grid: GridRule,
}

fn nonzero() -> Inside {
    Inside::Nonzero
}

impl DicomSpec {
    /// Refuses what contradicts itself.
    pub(super) fn check(&self) -> Result<(), DatasetError> {
        let wrong = |problem: String| DatasetError::Declaration {
            dataset: self.name.to_string(),
            problem,
        };
        normalise::check(&self.normalise, true).map_err(wrong)?;
        let rules = self
            .objects
            .iter()
            .filter_map(|object| object.inside.as_ref());
        for rule in rules.chain([&self.inside]) {
            if matches!(rule, Inside::Paper | Inside::Colour(..)) {
                return Err(wrong(
                    "`inside: paper` and `inside: colour` are for pictures; expected nonzero, values or above"
                        .to_owned(),
                ));
            }
            if matches!(
                (rule, &self.truth),
                (Inside::Above(_), TruthSource::Referenced)
            ) {
                return Err(wrong(
                    "segments and regions have no values; expected `inside: values([…])` with their numbers, or `fractional: 0.5`"
                        .to_owned(),
                ));
            }
        }
        let images = self.images.as_ref();
        if let Some(images) = images.filter(|images| images.has(OBJECT) || images.has(NUMBER)) {
            return Err(wrong(format!(
                "`images: {images}`: {{object}} and {{n}} are for masks"
            )));
        }
        let (TruthSource::Series(masks) | TruthSource::Volumes(masks)) = &self.truth else {
            return Ok(());
        };
        let Some(images) = images else {
            return Err(wrong(format!(
                "`truth: {}` needs `images`, a pattern for their folders with the same placeholders",
                self.truth
            )));
        };
        if images.shared_holes() != masks.shared_holes() {
            return Err(wrong(format!(
                "`images: {images}` and `truth: {}`: expected the same placeholders in both, but for {{object}}",
                self.truth
            )));
        }
        if self.objects.is_empty() && !masks.has(OBJECT) {
            return Err(wrong(
                "has no `objects`; expected at least one, such as `objects: [(name: \"prostate\")]`"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// Where the truth of a series is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TruthSource {
    /// In segmentations (SEG) and structure sets (RTSTRUCT) that refer to it.
    #[default]
    Referenced,
    /// In series of masks, in folders of these names.
    Series(Pattern),
    /// In label volumes (NIfTI and the like) of these names, without the extension.
    Volumes(Pattern),
}

impl fmt::Display for TruthSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Referenced => f.write_str("referenced"),
            Self::Series(pattern) => write!(f, "series(\"{pattern}\")"),
            Self::Volumes(pattern) => write!(f, "volumes(\"{pattern}\")"),
        }
    }
}

/// A text in which `*` stands for anything. Capital letters do not matter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Wildcard(String);

impl Wildcard {
    /// Makes a pattern of a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns whether a text is of this kind.
    pub fn fits(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.to_lowercase(), text.to_lowercase());
        let Some((start, rest)) = pattern.split_once('*') else {
            return pattern == text;
        };
        let Some(mut text) = text.strip_prefix(start) else {
            return false;
        };
        let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        for piece in middle.split('*') {
            // The first place is as good as any: what follows has all the more room.
            let Some(place) = text.find(piece) else {
                return false;
            };
            text = &text[place + piece.len()..];
        }
        text.ends_with(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("GTV*", "gtv_mass", true),
            ("GTV*", "PGTV", false),
            ("*gtv", "PGTV", true),
            ("*t2*tse*", "ax T2 blade TSE fs", true),
            ("*t2*tse*", "ax tse t2", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*", "", true),
            ("", "", true),
            ("liver", "Liver", true),
            ("liver", "liver 2", false),
            ("*ä*", "Schädel", true),
        ] {
            assert_eq!(
                Wildcard::new(pattern).fits(text),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
