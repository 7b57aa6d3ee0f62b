//! The typical cases of a collection, with all that was predicted of them. See [`TypicalCase`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::PathBuf,
};

use super::{Collection, Run};
use crate::runs::{Exhibit, PredictedMask, RunError, TrialId, find_predictions, read_gallery};

/// A typical trial, prompt by prompt.
#[derive(Clone, Debug)]
pub struct TypicalCase {
    /// Index into [`Collection::runs`].
    pub run: usize,
    /// Index into [`Collection::panels`].
    pub panel: usize,
    /// Index into the panel's series.
    pub series: usize,
    /// Which case, and its truth.
    pub exhibit: Exhibit,
    /// In the order of prompts; at least one.
    pub steps: Vec<Step>,
    /// The slice as JPEG.
    picture: PathBuf,
}

/// One prompt of a typical trial.
#[derive(Clone, Debug)]
pub struct Step {
    /// From 1.
    pub prompts: u32,
    /// IoU of the candidate that counts.
    pub iou: f64,
    /// What the model was given, and what it answered; of the size of the truth.
    pub prediction: PredictedMask,
}

impl TypicalCase {
    /// Reads the slice's JPEG; `None` if it is gone.
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub fn picture(&self) -> Result<Option<Vec<u8>>, RunError> {
        match fs::read(&self.picture) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RunError::Read {
                path: self.picture.clone(),
                source,
            }),
            Ok(bytes) => Ok(Some(bytes)),
        }
    }
}

/// Returns the typical cases of all runs, by panel, series and percentile. What does not belong to the
/// rows (a file of another run) is left out.
///
/// # Errors
/// A file of a run folder cannot be read.
pub fn typical_cases(collection: &Collection) -> Result<Vec<TypicalCase>, RunError> {
    let mut cases = Vec::new();
    for (index, run) in collection.runs.iter().enumerate() {
        cases.extend(of_run(collection, index, run)?);
    }
    cases.sort_by_key(|case| (case.panel, case.series, case.exhibit.percentile));
    Ok(cases)
}

fn of_run(collection: &Collection, index: usize, run: &Run) -> Result<Vec<TypicalCase>, RunError> {
    let exhibits = read_gallery(&run.folder.gallery())?;
    if exhibits.is_empty() {
        return Ok(Vec::new());
    }
    let longest = collection.longest();
    let wanted: BTreeSet<_> = exhibits
        .iter()
        .flat_map(|exhibit| (1..=longest).map(|prompts| (exhibit.trial.clone(), prompts)))
        .collect();
    let predictions = find_predictions(&run.folder.predictions(), &wanted)?;
    let cases = exhibits
        .into_iter()
        .filter_map(|exhibit| typical_case(collection, index, run, exhibit, &predictions));
    Ok(cases.collect())
}

fn typical_case(
    collection: &Collection,
    index: usize,
    run: &Run,
    exhibit: Exhibit,
    predictions: &BTreeMap<(TrialId, u32), PredictedMask>,
) -> Option<TypicalCase> {
    let trial = &exhibit.trial;
    let is_panel =
        |panel: &super::Panel| panel.dataset == trial.dataset && panel.object == trial.object;
    let panel = collection.panels.iter().position(is_panel)?;
    let found = &collection.panels[panel];
    let series = found.series.iter().position(|series| {
        series.run == index && series.model == trial.model && series.strategy == trial.strategy
    })?;
    let case = found.cases.iter().position(|case| *case == trial.case)?;
    let curve = found.series[series].curves.iter().find(|curve| {
        curve.case as usize == case && curve.slice == trial.slice && curve.repeat == trial.repeat
    })?;
    let step = |(prompts, point): (u32, &super::Point)| {
        let prediction = predictions.get(&(trial.clone(), prompts))?.clone();
        (prediction.segmentation.size == exhibit.truth.size).then_some(Step {
            prompts,
            iou: point.iou,
            prediction,
        })
    };
    let steps: Vec<_> = (1..).zip(&curve.points).filter_map(step).collect();
    (!steps.is_empty()).then(|| TypicalCase {
        run: index,
        panel,
        series,
        picture: run.folder.pictures().join(exhibit.picture()),
        steps,
        exhibit,
    })
}
