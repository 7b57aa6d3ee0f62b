//! The run folder: rows, predictions, summary, overlays, manifest.

mod row;

pub use row::{Row, TrialId};
