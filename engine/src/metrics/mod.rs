//! How good a mask is, how hard an object, and which candidate each rule chooses: arithmetic only.
//! See [`Overlap`], [`Distances`], [`boundary_iou`], [`contrast`] and [`Judgement`].

mod boundary;
mod choice;
mod contrast;
mod overlap;
mod percentile;
mod surface;
mod wanted;

pub use boundary::boundary_iou;
pub(crate) use boundary::bounds;
pub use choice::{Choices, Judgement};
pub use contrast::contrast;
pub use overlap::Overlap;
pub(crate) use percentile::percentile;
pub use surface::Distances;
pub use wanted::{Measured, Unit, Wanted};
