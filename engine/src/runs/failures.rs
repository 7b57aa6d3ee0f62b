//! One line of `failures.csv`. See [`Failure`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{RunError, rows::read_lines};
use crate::{
    entities::{Case, Fault},
    study::Study,
};

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

/// Reads `failures.csv`; empty if the run has none.
///
/// # Errors
/// The file cannot be read, or a line is no failure.
pub fn read_failures(path: &Path) -> Result<Vec<Failure>, RunError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    read_lines(path)?.collect()
}

impl Failure {
    /// Returns the line of a fault of a case.
    pub(crate) fn new(study: &Study, case: &Case, fault: Fault) -> Self {
        let model = fault.model.map(|model| study.models[model].name());
        Self {
            dataset: study.datasets[case.dataset].name().to_owned(),
            case: case.id.clone(),
            slice: fault.slice,
            model: model.map(str::to_owned),
            file: case.path.display().to_string(),
            reason: fault.reason,
        }
    }

    /// The columns of `failures.csv`, in order.
    pub const COLUMNS: [&str; 6] = ["dataset", "case", "slice", "model", "file", "reason"];
}
