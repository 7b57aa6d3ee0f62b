//! The table of means, to sort and to filter. See [`results`].

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{
    ratio,
    table::{numbers, table, words},
};
use crate::{
    report::{Collection, Panel, Point, Series},
    scenario::Choice,
};

/// Index of the oracle in [`Choice::ALL`].
const ORACLE: usize = Choice::Oracle as usize;

/// Returns filters, and one line per object, model and strategy.
pub(super) fn results(collection: &Collection) -> Option<Markup> {
    if collection.panels.is_empty() {
        return None;
    }
    let datasets = collection.panels.iter().map(|panel| panel.dataset.as_str());
    let objects = collection.panels.iter().map(|panel| panel.object.as_str());
    let columns = [
        words("Dataset"),
        words("Object"),
        words("Model and strategy"),
        numbers("Trials"),
        numbers("Prompts"),
        numbers("IoU, 1 prompt"),
        numbers("IoU, all"),
        numbers("95 % interval").unsorted(),
        numbers("Best at"),
        numbers("Oracle"),
        numbers("Model expects"),
    ];
    Some(html! {
        form.filters aria-label="Show only" {
            (filter("dataset", "Dataset", datasets))
            (filter("object", "Object", objects))
            (filter("series", "Model and strategy", collection.labels()))
        }
        (table("Mean IoU", columns, html! {
            @for panel in &collection.panels {
                @for series in &panel.series { (line(panel, series)) }
            }
        }))
        p.note {
            "Means over trials; a trial that stopped early keeps its last value. Intervals: bootstrap over cases. "
            "Oracle: the same predictions, had the best candidate mask always been picked. "
            "Model expects: the IoU that the model predicts of its own mask."
        }
        (files(collection))
    })
}

fn line(panel: &Panel, series: &Series) -> Markup {
    let (means, intervals) = series.curve();
    let last = series.prompts;
    let best = (1..=last).max_by(|&a, &b| {
        means[a as usize - 1]
            .total_cmp(&means[b as usize - 1])
            .then(b.cmp(&a))
    });
    let interval = intervals.and_then(|intervals| intervals.last().copied());
    html! {
        tr data-dataset=(panel.dataset) data-object=(panel.object) data-series=(series.label) {
            td { (panel.dataset) }
            td { (panel.object) }
            td { (series.label) }
            td.number { (series.curves.len()) }
            td.number { (last) }
            td.number { (ratio(means[0])) }
            td.number { (ratio(means[last as usize - 1])) }
            td.number {
                @match interval {
                    Some(interval) => { (ratio(interval.low)) "–" (ratio(interval.high)) }
                    None => { "one case" }
                }
            }
            td.number { (best.unwrap_or(1)) }
            td.number { (ratio(series.mean(last, |point| point.choices[ORACLE]))) }
            td.number { (expected(series, last)) }
        }
    }
}

/// Returns the mean IoU that the model expected; a dash if it expects none.
fn expected(series: &Series, prompts: u32) -> String {
    // What is not expected is no number, and neither is a mean with it.
    let expected = |point: &Point| point.predicted_iou.map_or(f64::NAN, f64::from);
    let mean = series.mean(prompts, expected);
    if mean.is_nan() {
        "–".to_owned()
    } else {
        ratio(mean)
    }
}

fn filter<'a>(key: &str, label: &str, values: impl IntoIterator<Item = &'a str>) -> Markup {
    let values: BTreeSet<_> = values.into_iter().collect();
    html! {
        label {
            (label) " "
            select data-filter=(key) {
                option value="" { "all" }
                @for value in values { option { (value) } }
            }
        }
    }
}

/// Returns links to the files beside the page; of the first run, in whose folder the page is.
fn files(collection: &Collection) -> Markup {
    html! {
        @if collection.runs.len() == 1 {
            p {
                "Files: "
                a href="rows.csv" { "rows.csv" } ", "
                a href="summary.csv" { "summary.csv" } ", "
                a href="predictions.jsonl" { "predictions.jsonl" } ", "
                a href="manifest.json" { "manifest.json" }
            }
        }
    }
}
