//! One line of `failures.csv`. See [`Failure`].

use serde::{Deserialize, Serialize};

/// A case that could not be played, or not to its end, or not by one of the models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The dataset's name.
    pub dataset: String,
    /// The case within its dataset.
    pub case: String,
    /// The slice within its case, where only one is concerned.
    pub slice: Option<usize>,
    /// The model, where only one is concerned.
    pub model: Option<String>,
    /// The file to look at.
    pub file: String,
    /// What was wrong, and the way out.
    pub reason: String,
}

impl Failure {
    /// The columns of `failures.csv`, in order.
    pub const COLUMNS: [&str; 6] = ["dataset", "case", "slice", "model", "file", "reason"];
}
