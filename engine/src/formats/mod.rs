//! File formats, and nothing else knows them. One reader per format; all of them take a path, trust
//! nothing in the file, and allocate no more than the file's size can justify.

mod error;
mod grid;
mod metaimage;
mod nifti;
mod npy;
mod nrrd;
pub mod raster;
mod samples;
mod source;
pub mod volume;

pub use error::FormatError;
pub use grid::{Grid, View};
pub use volume::Volume;
