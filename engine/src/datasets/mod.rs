//! Which files make a case. A [`DatasetSpec`] is what a scenario declares; a [`Dataset`] is one
//! that was found on disk (or is drawn, for phantoms) and can be read case by case.

mod dicom;
mod error;
mod files;
mod folder_pair;
mod intensity;
mod known;
mod objects;
mod paired;
mod phantoms;
mod preparation;
mod raters;
mod slicing;
mod spec;
mod volumes;

use std::{
    ops::{ControlFlow, Range},
    path::PathBuf,
    sync::Arc,
};

use ndarray::{Array2, Array3};

use crate::formats::Grid;

pub use dicom::{DicomSpec, TruthSource, Wildcard};
pub use error::DatasetError;
pub use files::{
    pairing::Unpaired,
    pattern::{Pattern, PatternError},
};
pub use folder_pair::FolderPairSpec;
pub use intensity::normalise::{Over, Percent, Positive, Step};
pub use known::{Known, KnownLayout, KnownSpec};
pub use objects::{Inside, ObjectSpec, Several};
pub use phantoms::{Modality, PhantomsSpec, Side};
pub use preparation::{Cases, Crop, Empty, Preparation, Slices};
pub use raters::Raters;
pub use slicing::Axis;
pub use spec::DatasetSpec;
pub use volumes::{GridRule, VolumesSpec};

/// A dataset whose cases are known and can be read.
pub trait Dataset: Send + Sync {
    /// Names the dataset in rows and figures.
    fn name(&self) -> &str;

    /// The names of the objects, in the order in which tasks are made of them.
    fn objects(&self) -> &[String];

    /// How many cases there are. A file that cannot be a case (no mask, a name that is not UTF-8) is
    /// one too: reading it says what is wrong, and the others go on.
    fn case_count(&self) -> usize;

    /// Returns case number `case` of the canonical order, which is that of the identifiers.
    fn case(&self, case: usize) -> CaseSource;

    /// Says what the user should know of how the files were understood: what was passed over, which
    /// of several layouts was found.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// Reads case number `case`, handing each slice with an object to `sink`, until it breaks.
    ///
    /// # Errors
    /// Names the file and the way out. Slices handed over before the error stay valid. A case
    /// without any object is [`DatasetError::NoObject`], unless the declaration passes over such.
    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError>;
}

impl dyn Dataset + '_ {
    /// Returns the cases, in canonical order.
    pub fn cases(&self) -> impl ExactSizeIterator<Item = CaseSource> {
        (0..self.case_count()).map(|case| self.case(case))
    }

    /// Returns the numbers of the cases with this identifier: one, if it is of this dataset.
    pub fn find(&self, id: &str) -> Range<usize> {
        let first = self.first_case(|known| known >= id);
        let end = self.first_case(|known| known > id);
        first..end
    }

    /// Returns the number of the first case whose identifier is `late`, as all after it are.
    fn first_case(&self, late: impl Fn(&str) -> bool) -> usize {
        let (mut start, mut end) = (0, self.case_count());
        while start < end {
            let middle = start.midpoint(end);
            if late(&self.case(middle).id) {
                end = middle;
            } else {
                start = middle + 1;
            }
        }
        start
    }
}

/// One case: an image file, a volume, a phantom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSource {
    /// Identifies the case within its dataset, whatever the machine (a relative path without extension).
    pub id: String,
    /// The file to name in messages.
    pub path: PathBuf,
}

/// How many slices of a case were seen before the sink broke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SliceCount {
    /// Slices handed over.
    pub with_object: usize,
    /// Slices that are passed over: no object has a pixel there, or they were not chosen.
    pub empty: usize,
}

/// One slice as read: pixels and truth on the same grid.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceData {
    /// Index along the slicing axis; 0 for a plain image.
    pub index: usize,
    /// RGB, `[height, width, 3]`.
    pub pixels: Array3<u8>,
    /// The objects present, in the order of [`Dataset::objects`].
    pub masks: Vec<ObjectMask>,
    /// Where any object is, also one that is no task: `[height, width]`.
    pub foreground: Array2<bool>,
    /// Row and column spacing in millimetres, where known.
    pub spacing_mm: Option<[f64; 2]>,
    /// What it was cut out of.
    pub origin: Origin,
}

/// What a slice was cut out of, so that masks can go back there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// The volume, if it is of one: then the slice's index counts along that axis, and it is turned as
    /// [`Grid::view`] says.
    pub volume: Option<Arc<VolumePlace>>,
    /// What was left of the whole slice, if it was cropped.
    pub window: Option<Window>,
}

/// A part of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the whole.
    pub whole: [usize; 2],
    /// Row and column of the part's first pixel in the whole.
    pub corner: [usize; 2],
}

/// From where slices are cut.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumePlace {
    /// Where the volume's voxels lie.
    pub grid: Grid,
    /// The axis that is cut.
    pub axis: usize,
}

impl VolumePlace {
    /// Returns how many slices there are.
    pub fn slices(&self) -> usize {
        self.grid.shape[self.axis]
    }
}

/// One object's truth in one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectMask {
    /// Index into [`Dataset::objects`].
    pub object: usize,
    /// `[height, width]`, never empty.
    pub bitmap: Array2<bool>,
}
