//! How good a prediction is: pixel overlap with the truth, and which candidate each rule chooses.
//! See [`Overlap`] and [`Judgement`].

mod choice;
mod overlap;

pub use choice::{Choices, Judgement};
pub use overlap::Overlap;
