//! Images drawn by the engine, with exact truth, so that a first run needs no data. See
//! [`PhantomsSpec`].
//!
//! A phantom is a function of modality, seed, size and case number alone. It is computed from a
//! keyed generator with additions, multiplications, divisions and square roots only, all of which
//! IEEE 754 rounds exactly: every machine draws the same bytes. (Sines and exponentials differ
//! between mathematics libraries; polynomials stand in for them.)

mod abdomen;
mod brain;
mod breast;
mod canvas;
mod chest;
mod random;
mod shape;

use std::{ops::ControlFlow, path::PathBuf};

use ndarray::Array2;
use serde::Deserialize;

use super::{CaseSource, Dataset, DatasetError, ObjectMask, Origin, SliceCount, SliceData};
use crate::scenario::Name;
use random::Random;

/// Procedural images of one modality.
///
/// ```ron
/// phantoms(name: "chest", modality: chest_xray, cases: 4, size: 512, seed: 7, objects: ["lung"])
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhantomsSpec {
    /// Names the dataset in rows and figures.
    pub name: Name,
    /// What is drawn.
    pub modality: Modality,
    /// How many cases, each a patient of its own.
    #[serde(default)]
    pub cases: CaseNumber,
    /// Height and width in pixels.
    #[serde(default)]
    pub size: Side,
    /// Another seed gives other patients.
    #[serde(default)]
    pub seed: u64,
    /// The objects that become tasks; by default all that the modality has.
    #[serde(default)]
    pub objects: Vec<Name>,
}

/// What a phantom shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// A frontal chest X-ray; object `lung` (two regions).
    ChestXray,
    /// An axial CT slice of the upper abdomen; objects `liver`, `spleen`, `kidney` (two regions)
    /// and `spine`.
    AbdomenCt,
    /// An axial FLAIR slice of the brain; objects `lesion` (several regions) and `ventricle` (two).
    BrainMri,
    /// A breast ultrasound image; object `lesion`.
    BreastUltrasound,
}

impl Modality {
    /// Returns the names of the objects, in the order in which they become tasks.
    pub const fn objects(self) -> &'static [&'static str] {
        match self {
            Self::ChestXray => &["lung"],
            Self::AbdomenCt => &["liver", "spleen", "kidney", "spine"],
            Self::BrainMri => &["lesion", "ventricle"],
            Self::BreastUltrasound => &["lesion"],
        }
    }

    /// Draws one patient.
    fn draw(self, side: usize, random: Random) -> Phantom {
        match self {
            Self::ChestXray => chest::draw(side, random),
            Self::AbdomenCt => abdomen::draw(side, random),
            Self::BrainMri => brain::draw(side, random),
            Self::BreastUltrasound => breast::draw(side, random),
        }
    }
}

/// One drawn patient.
struct Phantom {
    /// Gray values from 0 to 1, `[side, side]`.
    gray: Array2<f64>,
    /// One bitmap per object of the modality, none of them empty.
    truth: Vec<Array2<bool>>,
    /// Side of a pixel.
    spacing_mm: f64,
}

/// Height and width of a phantom: 64 to 2048 pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Side(u32);

impl Default for Side {
    fn default() -> Self {
        Self(512)
    }
}

impl TryFrom<u32> for Side {
    type Error = String;

    fn try_from(pixels: u32) -> Result<Self, String> {
        match pixels {
            64..=2048 => Ok(Self(pixels)),
            _ => Err(format!("a phantom of {pixels} pixels: expected 64 to 2048")),
        }
    }
}

impl From<Side> for u32 {
    fn from(side: Side) -> Self {
        side.0
    }
}

/// How many phantoms: 1 to 1 000 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct CaseNumber(u32);

impl Default for CaseNumber {
    fn default() -> Self {
        Self(4)
    }
}

impl TryFrom<u32> for CaseNumber {
    type Error = String;

    fn try_from(cases: u32) -> Result<Self, String> {
        match cases {
            1..=1_000_000 => Ok(Self(cases)),
            _ => Err(format!("{cases} phantoms: expected 1 to 1000000")),
        }
    }
}

impl From<CaseNumber> for u32 {
    fn from(cases: CaseNumber) -> Self {
        cases.0
    }
}

/// Phantoms, ready to be drawn.
pub(super) struct Phantoms {
    spec: PhantomsSpec,
    objects: Vec<String>,
}

impl Phantoms {
    /// Checks the names of the objects.
    pub(super) fn new(spec: &PhantomsSpec) -> Result<Self, DatasetError> {
        let all = spec.modality.objects();
        if let Some(unknown) = spec.objects.iter().find(|name| !all.contains(&&***name)) {
            return Err(DatasetError::Declaration {
                dataset: spec.name.to_string(),
                problem: format!(
                    "these phantoms have no object `{unknown}`, only: {}",
                    all.join(", ")
                ),
            });
        }
        let wanted =
            |name: &&&str| spec.objects.is_empty() || spec.objects.iter().any(|w| **w == ***name);
        Ok(Self {
            objects: all
                .iter()
                .filter(wanted)
                .map(|&name| name.to_owned())
                .collect(),
            spec: spec.clone(),
        })
    }
}

impl Dataset for Phantoms {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn objects(&self) -> &[String] {
        &self.objects
    }

    fn case_count(&self) -> usize {
        u32::from(self.spec.cases) as usize
    }

    fn case(&self, case: usize) -> CaseSource {
        // As many digits as the most phantoms need, so that identifiers sort as numbers do.
        let id = format!("{case:06}");
        CaseSource {
            path: PathBuf::from(format!("phantoms/{}/{id}", self.spec.name)),
            id,
        }
    }

    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError> {
        let modality = self.spec.modality;
        let side = u32::from(self.spec.size) as usize;
        let random = Random::for_case(modality, self.spec.seed, case as u64);
        let phantom = modality.draw(side, random);

        let byte = |y, x| (phantom.gray[[y, x]].clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        let mut foreground = Array2::from_elem((side, side), false);
        let mut masks = Vec::new();
        for (bitmap, name) in phantom.truth.into_iter().zip(modality.objects()) {
            foreground.zip_mut_with(&bitmap, |any, &here| *any |= here);
            if let Some(object) = self.objects.iter().position(|wanted| wanted == name) {
                masks.push(ObjectMask { object, bitmap });
            }
        }
        // A sink that breaks wants no further slice; there is none.
        let _ = sink(SliceData {
            index: 0,
            pixels: ndarray::Array3::from_shape_fn((side, side, 3), |(y, x, _)| byte(y, x)),
            masks,
            foreground,
            spacing_mm: Some([phantom.spacing_mm; 2]),
            origin: Origin::default(),
        });
        Ok(SliceCount {
            with_object: 1,
            empty: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Modality; 4] = [
        Modality::ChestXray,
        Modality::AbdomenCt,
        Modality::BrainMri,
        Modality::BreastUltrasound,
    ];

    fn phantoms(
        modality: Modality,
        cases: u32,
        size: u32,
        objects: &[&str],
    ) -> Result<Phantoms, DatasetError> {
        Phantoms::new(&PhantomsSpec {
            name: Name::try_from("test").expect("a plain word is a name"),
            modality,
            cases: CaseNumber(cases),
            size: Side(size),
            seed: 3,
            objects: objects
                .iter()
                .filter_map(|&name| Name::try_from(name).ok())
                .collect(),
        })
    }

    fn slice(dataset: &Phantoms, case: usize) -> SliceData {
        let mut slices = Vec::new();
        let count = dataset.read(case, &mut |slice| {
            slices.push(slice);
            ControlFlow::Continue(())
        });
        assert_eq!(
            count.expect("phantoms need no file"),
            SliceCount {
                with_object: 1,
                empty: 0
            }
        );
        slices.remove(0)
    }

    #[test]
    fn every_patient_has_every_object() {
        for modality in ALL {
            let dataset = phantoms(modality, 25, 64, &[]).expect("declared as documented");
            for case in 0..25 {
                let slice = slice(&dataset, case);
                assert_eq!(
                    slice.masks.len(),
                    modality.objects().len(),
                    "{modality:?} {case}"
                );
                for mask in &slice.masks {
                    let area = mask.bitmap.iter().filter(|&&inside| inside).count();
                    assert!(
                        area >= 8,
                        "{modality:?} {case}: {area} pixels of object {}",
                        mask.object
                    );
                }
            }
        }
    }

    #[test]
    fn a_case_does_not_depend_on_the_others() {
        for modality in ALL {
            let few = phantoms(modality, 2, 64, &[]).expect("declared as documented");
            let many = phantoms(modality, 9, 64, &[]).expect("declared as documented");
            let second = slice(&many, 1);
            assert_eq!(slice(&few, 1), second);
            assert_ne!(slice(&many, 2), second);
        }
    }

    #[test]
    fn unwanted_objects_stay_in_the_foreground() {
        let all = slice(
            &phantoms(Modality::AbdomenCt, 1, 96, &[]).expect("declared as documented"),
            0,
        );
        let dataset =
            phantoms(Modality::AbdomenCt, 1, 96, &["kidney"]).expect("declared as documented");
        let one = slice(&dataset, 0);
        assert_eq!(dataset.objects(), ["kidney"]);
        assert_eq!(one.masks.len(), 1);
        assert_eq!(one.masks[0].bitmap, all.masks[2].bitmap);
        assert_eq!(one.foreground, all.foreground);
    }

    #[test]
    fn an_object_that_is_not_drawn_is_refused() {
        let error = phantoms(Modality::ChestXray, 1, 64, &["liver"])
            .err()
            .map(|e| e.to_string());
        assert_eq!(
            error.as_deref(),
            Some("dataset `test`: these phantoms have no object `liver`, only: lung")
        );
    }
}
