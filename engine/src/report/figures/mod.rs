//! The study's figures and those it lacks, drawn from a [`Collection`]. See [`draw`].
//!
//! Only here is the plotting crate known.

mod bars;
mod calibration;
mod choices;
mod curves;
mod sheets;
mod spread;
mod style;

use super::Collection;

pub use sheets::{Pictures, sheets};
pub use style::Drawing;

/// Returns how many panels stand beside each other.
fn columns(panels: usize) -> usize {
    match panels {
        4 => 2,
        _ => panels.clamp(1, 3),
    }
}

/// Draws every figure that the collection has something for.
pub fn draw(collection: &Collection) -> Vec<Drawing> {
    if collection.panels.is_empty() {
        return Vec::new();
    }
    [
        Some(bars::bars(collection)),
        Some(curves::curves(collection)),
        choices::choices(collection),
        Some(spread::spread(collection)),
        calibration::calibration(collection),
    ]
    .into_iter()
    .flatten()
    .collect()
}
