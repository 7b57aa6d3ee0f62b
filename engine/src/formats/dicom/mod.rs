//! DICOM: series of images, segmentations (SEG) and structure sets (RTSTRUCT).
//!
//! | file | holds |
//! |---|---|
//! | [`instance`] | one file: attributes in memory, pixels still on disk |
//! | [`reader`] | parses attributes |
//! | [`content`] | the bytes of a file, inflated where they are deflated |
//! | [`attributes`] | what an attribute says, as text and numbers |
//! | [`frames`] | where each plane of pixels lies, and how it is scaled |
//! | [`layout`] | what samples are |
//! | [`pixels`], [`fragments`], [`codec`] | samples, native or compressed |
//! | [`stack`], [`misfit`] | from planes to a grid, or why they are none |
//! | [`series`] | the files of a series as one volume, in [`Planes`](super::Planes) |
//! | [`slices`] | its pixels, slice by slice |
//! | [`suv`] | from activity to standardised uptake |
//! | [`segmentation`], [`structures`], [`contours`] | truth |
//!
//! Files are parsed with `dicom-parser` into `dicom-object`'s tree. Lengths are compared with the
//! size of the file before anything is read, nesting is bounded, and pixels are read frame by frame.
//! DICOM's coordinates (left, back, top) become the [`Grid`](super::Grid)'s (right, front, top) where
//! they are parsed.

mod attributes;
mod codec;
mod content;
mod contours;
mod fragments;
mod frames;
mod instance;
mod layout;
mod misfit;
mod pixels;
mod reader;
mod segmentation;
mod series;
mod slices;
mod stack;
mod structures;
mod summary;
mod suv;

pub use instance::Instance;
pub use segmentation::{Segment, Segmentation};
pub use series::{Colour, Series, SliceSource};
pub(super) use slices::Slices;
pub use structures::{Roi, StructureSet};
pub use summary::{Kind, Summary};

use std::path::PathBuf;

use super::FormatError;

/// Why a segmentation or a structure set could not be laid over an image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlacingError {
    /// It cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It does not lie on the voxels of the image.
    #[error("{path} lies elsewhere: {geometry}")]
    Elsewhere {
        /// The segmentation or structure set.
        path: PathBuf,
        /// Where it lies.
        geometry: String,
    },
}
