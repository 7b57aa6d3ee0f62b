//! What means are of. See [`Average`].

use serde::{Deserialize, Serialize};

/// What counts once in the means of `summary.csv`, tables and figures. The rows are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Average {
    /// Every slice with the object (and every repeat), as in the study: long volumes count more.
    #[default]
    Slice,
    /// Every case: its slices (and repeats) are averaged first.
    Case,
    /// As by case; beside each object there is also a mean over all datasets, in which every dataset
    /// counts once, and within it every object.
    Dataset,
}
