//! What was run, on what data, and what failed.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::table::{numbers, table, words};
use crate::{
    report::{Collection, Panel, published_images},
    runs::{Failure, RunError, State, read_failures},
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
