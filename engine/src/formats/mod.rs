//! File formats, and nothing else knows them. One reader per format; all of them take a path, trust
//! nothing in the file, and allocate no more than the file's size can justify.

pub mod dicom;
mod error;
mod facts;
mod grid;
mod metaimage;
mod nifti;
mod npy;
mod nrrd;
mod placing;
mod planes;
pub mod raster;
mod run;
mod samples;
mod source;
pub mod volume;

pub use error::FormatError;
pub use facts::Facts;
pub use grid::{Grid, View};
pub(crate) use nifti::mask_header as nifti_mask_header;
pub use placing::Placing;
pub use planes::{Plane, Planes};
pub use volume::Volume;
