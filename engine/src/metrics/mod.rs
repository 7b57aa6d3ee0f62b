//! How good a mask is, and which candidate each rule chooses: arithmetic only.
//! See [`Overlap`] and [`Judgement`].

mod choice;
mod overlap;

pub use choice::{Choices, Judgement};
pub use overlap::Overlap;
