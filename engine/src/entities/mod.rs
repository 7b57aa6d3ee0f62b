//! What exists: components and relationships. No systems here; the stages have them.
//!
//! ```text
//! Case ─< Slice ─< Mask ─< Trial ─< Prompt ─ Prediction
//! ```
//! Each link is a relationship (`SliceOf`, `MaskOf`, …). Despawning a parent frees all below it.

mod case;
mod mask;
mod prediction;
mod prompt;
mod regions;
mod slice;
mod trial;

pub use case::{Case, Complete, Failed, Fault, SliceOf, Spent};
pub use mask::{Bitmap, Mask, MaskOf, Trials};
pub use prediction::{Candidate, ChosenMask, Prediction, PredictionOf, Scores};
pub use prompt::{Call, CallEmbeddings, Click, PixelBox, Predictions, Prompt, PromptOf, Shown};
pub use regions::{Region, Regions};
pub use slice::{Embeddings, Foreground, Masks, Pixels, Slice, Slices, Truth};
pub use trial::{History, Memory, Playing, Prompts, Script, Trial, TrialOf, Turn, Waiting};
