//! What exists: components and relationships. No systems here; the stages have them.
//!
//! ```text
//! Case ─< Slice ─< Mask ─< Trial ─< Prompt ─ Prediction
//! ```
//! Each arrow is a relationship (`SliceOf`, `MaskOf`, …). Despawning a parent frees all below it.

mod prompt;
mod regions;

pub use prompt::{Call, Click, PixelBox};
pub use regions::{Region, Regions};
