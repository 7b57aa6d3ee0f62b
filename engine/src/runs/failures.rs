//! One line of `failures.csv`. See [`Failure`].

use serde::{Deserialize, Serialize};

/// A case that could not be played, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The dataset's name.
    pub dataset: String,
    /// The case within its dataset.
    pub case: String,
    /// The file to look at.
    pub file: String,
    /// What was wrong, and the way out.
    pub reason: String,
}

impl Failure {
    /// The columns of `failures.csv`, in order.
    pub const COLUMNS: [&str; 4] = ["dataset", "case", "file", "reason"];
}
