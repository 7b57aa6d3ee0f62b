//! What a run writes while it runs. See [`Results`].

use super::{
    CaseKey, Failure, PredictedMask, Row, RunError, RunFolder,
    log::CaseLog,
    predictions::json_lines,
    rows::{csv_lines, header},
};

/// The files that grow with every finished case: `rows.csv`, `predictions.jsonl`, `failures.csv`.
///
/// Cases may arrive in any order; [`Results::finish`] puts the files into the canonical one.
/// A run that is killed leaves them readable, with every case that was finished.
#[derive(Debug)]
pub struct Results {
    rows: CaseLog,
    predictions: CaseLog,
    failures: CaseLog,
}

impl Results {
    /// Creates the files, empty but for their headers.
    pub fn create(folder: &RunFolder) -> Result<Self, RunError> {
        let log = |path, header: &str| CaseLog::create(path, header.as_bytes());
        Ok(Self {
            rows: log(folder.rows(), &header(&Row::COLUMNS))?,
            predictions: log(folder.predictions(), "")?,
            failures: log(folder.failures(), &header(&Failure::COLUMNS))?,
        })
    }

    /// Appends a finished case: rows and predictions sorted by slice, object, model, strategy,
    /// repeat and prompt, those of a trial next to each other.
    ///
    /// Rows come last: a case that has its rows has all it needs.
    pub fn finish_case(
        &mut self,
        key: CaseKey,
        rows: &[Row],
        predictions: &[PredictedMask],
    ) -> Result<(), RunError> {
        let rows = csv_lines(rows, self.rows.path())?;
        let predictions = json_lines(predictions, self.predictions.path())?;
        self.predictions.append(key.clone(), &predictions)?;
        self.rows.append(key, &rows)
    }

    /// Appends what failed of a case. What was finished of it may be appended too.
    pub fn fail_case(&mut self, key: CaseKey, failures: &[Failure]) -> Result<(), RunError> {
        let lines = csv_lines(failures, self.failures.path())?;
        self.failures.append(key, &lines)
    }

    /// Puts the files into canonical order. To be called also when the run is interrupted.
    pub fn finish(self) -> Result<(), RunError> {
        self.predictions.finish()?;
        self.rows.finish()?;
        self.failures.finish()
    }
}
