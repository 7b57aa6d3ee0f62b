//! What was run, on what data, and what failed.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::table::{numbers, table, words};
use crate::{
    report::{Collection, Panel, published_images},
    runs::{Failure, RunError, State, read_failures, read_timings},
};

/// How many failures the page lists; the others are in the file.
const MOST_FAILURES: usize = 200;

/// Returns a line per run: program, device, models, when, and whether it is whole.
pub(super) fn runs(collection: &Collection) -> Markup {
    html! {
        @for run in &collection.runs {
            @let manifest = &run.manifest;
            @let models: Vec<_> = manifest.models.iter().map(|model| model.name.as_str()).collect();
            p.facts {
                strong { (manifest.scenario.name) } ": "
                (models.join(", ")) " on " (manifest.device) ", engine " (manifest.engine)
                ", seed " (manifest.seed) ", begun " (manifest.started) ". "
                (manifest.counts.predictions) " predictions of " (manifest.counts.trials)
                " trials on " (manifest.counts.slices) " slices of " (manifest.counts.cases) " cases."
                @if manifest.state != State::Finished {
                    " " strong.warning { "This run has not ended: what is here is a part." }
                }
            }
        }
    }
}

/// Returns how many cases and slices were found, beside the numbers of the study's Table 1.
pub(super) fn data(collection: &Collection) -> Option<Markup> {
    if collection.panels.is_empty() {
        return None;
    }
    let of_paper = |panel: &Panel| published_images(&panel.dataset);
    let any_of_paper = collection
        .panels
        .iter()
        .any(|panel| of_paper(panel).is_some());
    let study = any_of_paper.then(|| numbers("Images of the dataset in the study"));
    let columns = [
        words("Dataset"),
        words("Object"),
        numbers("Cases"),
        numbers("Slices with the object"),
    ];
    Some(table(
        "Cases and slices",
        columns.into_iter().chain(study),
        html! {
            @for panel in &collection.panels {
                tr data-dataset=(panel.dataset) data-object=(panel.object) {
                    td { (panel.dataset) }
                    td { (panel.object) }
                    td.number { (panel.cases.len()) }
                    td.number { (slices(panel)) }
                    @if any_of_paper {
                        td.number { @if let Some(images) = of_paper(panel) { (images) } }
                    }
                }
            }
        },
    ))
}

/// Returns how many slices any series of the panel played.
fn slices(panel: &Panel) -> usize {
    let curves = panel.series.iter().flat_map(|series| &series.curves);
    let slices: BTreeSet<_> = curves.map(|curve| (curve.case, curve.slice)).collect();
    slices.len()
}

/// How many operations the page lists; the others are in the file.
const MOST_OPERATIONS: usize = 20;

/// Returns where the time of each run went: stage by stage, and operation by operation where it was
/// watched.
///
/// # Errors
/// A file of timings cannot be read.
pub(super) fn times(collection: &Collection) -> Result<Option<Markup>, RunError> {
    let runs: Vec<_> = collection
        .runs
        .iter()
        .filter(|run| !run.manifest.stages.is_empty())
        .collect();
    if runs.is_empty() {
        return Ok(None);
    }
    let columns = [
        words("Run"),
        words("Stage"),
        numbers("Pieces of work"),
        numbers("Seconds"),
        numbers("Share"),
        numbers("ms a slice"),
    ];
    let stages = table(
        "Time per stage",
        columns,
        html! {
            @for run in &runs {
                @let manifest = &run.manifest;
                @let all: f64 = manifest.stages.iter().map(|time| time.seconds).sum();
                @for time in &manifest.stages {
                    tr {
                        td { (manifest.scenario.name) }
                        td { (time.stage) }
                        td.number { (time.count) }
                        td.number { (format!("{:.2}", time.seconds)) }
                        td.number { (format!("{:.1} %", 100.0 * time.seconds / all)) }
                        td.number { (format!("{:.2}", 1e3 * time.seconds / manifest.counts.slices.max(1) as f64)) }
                    }
                }
            }
        },
    );
    let mut operations = Vec::new();
    for run in &collection.runs {
        let entries = read_timings(&run.folder.timings())?;
        operations.extend(
            entries
                .into_iter()
                .take(MOST_OPERATIONS)
                .map(|entry| (run, entry)),
        );
    }
    let columns = [
        words("Run"),
        words("Operation"),
        words("Problem"),
        numbers("Calls"),
        numbers("Median, µs"),
        numbers("All, ms"),
        numbers("Of the device's roof"),
    ];
    Ok(Some(html! {
        (stages)
        p.note {
            "Wall time, of all times that the run was started and came to an end; stages follow one another, reading goes on beside them."
        }
        @if !operations.is_empty() {
            (table("Time per operation", columns, html! {
                @for (run, entry) in &operations {
                    tr {
                        td { (run.manifest.scenario.name) }
                        td { (entry.operation) }
                        td { (entry.problem) }
                        td.number { (entry.count) }
                        td.number { (format!("{:.1}", entry.median_us)) }
                        td.number { (format!("{:.1}", entry.total_ms)) }
                        td.number {
                            @match entry.peak_percent {
                                Some(percent) => { (format!("{percent:.0} %")) }
                                None => { "–" }
                            }
                        }
                    }
                }
            }))
            p.note { "The operations that took the most time of each run that was watched; all are in timings.csv." }
        }
    }))
}

/// Returns what could not be played.
pub(super) fn failures(collection: &Collection) -> Result<Option<Markup>, RunError> {
    let mut all: Vec<Failure> = Vec::new();
    for run in &collection.runs {
        all.extend(read_failures(&run.folder.failures())?);
    }
    if all.is_empty() {
        return Ok(None);
    }
    let columns = ["Dataset", "Case", "Slice", "Model", "Reason"].map(words);
    Ok(Some(html! {
        p { (all.len()) " in all. What failed is in no mean." }
        (table("Failures", columns, html! {
            @for failure in all.iter().take(MOST_FAILURES) {
                tr {
                    td { (failure.dataset) }
                    td { (failure.case) }
                    td { @if let Some(slice) = failure.slice { (slice) } }
                    td { @if let Some(model) = &failure.model { (model) } }
                    td { (failure.reason) }
                }
            }
        }))
        @if all.len() > MOST_FAILURES {
            p.note { "The first " (MOST_FAILURES) "; all are in failures.csv." }
        }
    }))
}
