//! Where prompts go: one file per primitive.
