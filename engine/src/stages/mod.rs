//! What happens, in run order. Stages meet only in entities and messages; none imports another.

/// Place: spawns or refines prompts.
pub mod place;

/// Score: compares each prediction with its target.
pub mod score;
