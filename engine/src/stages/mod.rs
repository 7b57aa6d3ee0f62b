//! What happens, in run order. Stages meet only in entities and messages; none imports another.

// Load: files become cases and slices.
pub mod load;

// Derive: truth becomes masks and trials.
pub mod derive;

// Place: strategies become prompts.
pub mod place;

// Encode: slices become embeddings.
pub mod encode;

// Decode: prompts become predictions.
pub mod decode;

// Score: predictions meet the truth.
pub mod score;

// Report: what was scored goes to disk.
pub mod report;

mod give_up;
mod queries;

pub use give_up::DeviceFailure;
