//! Which files make a case. A [`DatasetSpec`] is what a scenario declares; a [`Dataset`] is one
//! that was found on disk (or is drawn, for phantoms) and can be read case by case.

use std::{ops::ControlFlow, path::PathBuf};

use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};

use crate::scenario::Name;

/// A dataset as declared in a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetSpec {}

impl DatasetSpec {
    /// Returns the name the scenario gives it.
    pub fn name(&self) -> &Name {
        match *self {}
    }
}

/// A dataset whose cases are known and can be read.
pub trait Dataset: Send + Sync {
    /// Names the dataset in rows and figures.
    fn name(&self) -> &str;

    /// The names of the objects, in the order in which tasks are made of them.
    fn objects(&self) -> &[String];

    /// The cases, in canonical order (sorted by identifier).
    fn cases(&self) -> &[CaseSource];

    /// Reads case number `case`, handing each slice with an object to `sink`, until it breaks.
    ///
    /// # Errors
    /// Names the file and the way out. Slices handed over before the error stay valid.
    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<(), DatasetError>;
}

/// One case: an image file, a volume, a phantom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSource {
    /// Identifies the case within its dataset, whatever the machine (a relative path without extension).
    pub id: String,
    /// The file to name in messages.
    pub path: PathBuf,
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
}

/// One object's truth in one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectMask {
    /// Index into [`Dataset::objects`].
    pub object: usize,
    /// `[height, width]`, never empty.
    pub bitmap: Array2<bool>,
}

/// Why a dataset could not be opened or a case not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {}
