//! The table of means, to sort and to filter. See [`results`].

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{
    ratio,
    table::{numbers, table, words},
};
use crate::{
    metrics::{Measured, Unit},
    report::{Collection, Panel, Point, Series},
    scenario::{Average, Choice},
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
        numbers("Oracle gap"),
        numbers("Model expects"),
    ];
    let measures = Measure::of(collection);
    let columns = columns
        .into_iter()
        .chain(measures.iter().map(|measure| numbers(measure.name.clone())));
    Some(html! {
        form.filters aria-label="Show only" {
            (filter("dataset", "Dataset", datasets))
            (filter("object", "Object", objects))
            (filter("series", "Model and strategy", collection.labels()))
        }
        (table("Mean IoU", columns, html! {
            @for panel in &collection.panels {
                @for series in &panel.series { (line(panel, series, &measures)) }
            }
            @if is_by_dataset(collection) {
                @for label in collection.labels() { (overall(collection, label, measures.len())) }
            }
        }))
        p.note {
            (counting(collection))
            " A trial that stopped early keeps its last value. Intervals: bootstrap over cases. "
            "Oracle: the same predictions, had the best candidate mask always been picked; the gap is what that would have won. "
            "Model expects: the IoU that the model predicts of its own mask."
            @if !measures.is_empty() {
                " The last columns are after the last prompt; of an empty prediction a distance is the slice's diagonal."
            }
        }
        (files(collection))
    })
}

/// Returns what counts once in means.
fn counting(collection: &Collection) -> &'static str {
    let averages = || collection.runs.iter().map(|run| run.manifest.average);
    if averages().all(|average| average == Average::Slice) {
        "Means over trials: every slice counts once."
    } else if averages().all(|average| average != Average::Slice) {
        "Means over cases, each of the mean over its slices."
    } else {
        "Means over slices or over cases, as each run's scenario says."
    }
}

/// Returns whether means over all datasets are asked for.
fn is_by_dataset(collection: &Collection) -> bool {
    let mut runs = collection.runs.iter();
    runs.any(|run| run.manifest.average == Average::Dataset)
}

/// A metric that costs time, where a run measured it.
struct Measure {
    name: String,
    value: fn(&Measured) -> Option<f64>,
    has_unit: bool,
}

impl Measure {
    fn of(collection: &Collection) -> Vec<Self> {
        let wanted = || collection.runs.iter().map(|run| run.manifest.measured);
        let measure = |name: &str, value, has_unit| Self {
            name: name.to_owned(),
            value,
            has_unit,
        };
        let mut measures = Vec::new();
        if wanted().any(|wanted| wanted.boundary_iou) {
            measures.push(measure("Boundary IoU", |one| one.boundary_iou, false));
        }
        if wanted().any(|wanted| wanted.hd95) {
            measures.push(measure("HD95", |one| one.hd95, true));
        }
        if wanted().any(|wanted| wanted.assd) {
            measures.push(measure("ASSD", |one| one.assd, true));
        }
        let tolerances: Vec<_> = wanted().filter_map(|wanted| wanted.nsd).collect();
        if let [tolerance, others @ ..] = tolerances.as_slice() {
            let is_one = others
                .iter()
                .all(|other| other.total_cmp(tolerance).is_eq());
            let name = if is_one {
                format!("NSD at {tolerance}")
            } else {
                "NSD".to_owned()
            };
            measures.push(measure(&name, |one| one.nsd, true));
        }
        measures
    }

    /// Returns the mean, with its unit where it has one; a dash where it was not measured.
    fn cell(&self, series: &Series) -> String {
        let (mean, unit) = series.measured(self.value);
        match unit.filter(|_| self.has_unit) {
            Some(Unit::Mixed) => "mixed units".to_owned(),
            _ if mean.is_nan() => "–".to_owned(),
            None => ratio(mean),
            // A share at a tolerance in that unit, or a distance in it.
            Some(unit) => format!("{mean:.3} {}", unit.name()),
        }
    }
}

fn line(panel: &Panel, series: &Series, measures: &[Measure]) -> Markup {
    let (means, intervals) = &series.means;
    let last = series.prompts;
    let best = (1..=last).max_by(|&a, &b| {
        means[a as usize - 1]
            .total_cmp(&means[b as usize - 1])
            .then(b.cmp(&a))
    });
    let interval = intervals.as_ref().and_then(|intervals| intervals.last());
    let oracle = series.mean(last, |point| point.choices[ORACLE]);
    let reached = means[last as usize - 1];
    html! {
        tr data-dataset=(panel.dataset) data-object=(panel.object) data-series=(series.label) {
            td { (panel.dataset) }
            td { (panel.object) }
            td { (series.label) }
            td.number { (series.curves.len()) }
            td.number { (last) }
            td.number { (ratio(means[0])) }
            td.number { (ratio(reached)) }
            td.number {
                @match interval {
                    Some(interval) => { (ratio(interval.low)) "–" (ratio(interval.high)) }
                    None => { "one case" }
                }
            }
            td.number { (best.unwrap_or(1)) }
            td.number { (ratio(oracle)) }
            td.number { (ratio(oracle - reached)) }
            td.number { (expected(series, last)) }
            @for measure in measures { td.number { (measure.cell(series)) } }
        }
    }
}

/// Returns a line over all datasets: each counts once, and within it every object.
fn overall(collection: &Collection, label: &str, more: usize) -> Markup {
    let mut datasets: BTreeMap<&str, Vec<&Series>> = BTreeMap::new();
    for panel in &collection.panels {
        let series = panel.series.iter().filter(|series| series.label == label);
        datasets.entry(&panel.dataset).or_default().extend(series);
    }
    datasets.retain(|_, series| !series.is_empty());
    let mean = |value: &dyn Fn(&Series) -> f64| {
        let datasets = datasets.values().map(|series| {
            series.iter().map(|series| value(series)).sum::<f64>() / series.len() as f64
        });
        let count = datasets.len() as f64;
        ratio(datasets.sum::<f64>() / count)
    };
    let all = || datasets.values().flatten();
    let trials: usize = all().map(|series| series.curves.len()).sum();
    let prompts = all().map(|series| series.prompts).max().unwrap_or(1);
    let oracle = |series: &Series| series.mean(prompts, |point| point.choices[ORACLE]);
    let reached = |series: &Series| series.mean(prompts, |point| point.iou);
    html! {
        tr data-dataset="(all)" data-object="(all)" data-series=(label) {
            td { "(all)" }
            td { "(all)" }
            td { (label) }
            td.number { (trials) }
            td.number { (prompts) }
            td.number { (mean(&|series| series.means.0[0])) }
            td.number { (mean(&reached)) }
            td.number { "–" }
            td.number { "–" }
            td.number { (mean(&oracle)) }
            td.number { (mean(&|series| oracle(series) - reached(series))) }
            td.number { "–" }
            @for _ in 0..more { td.number { "–" } }
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
                a href="rows.parquet" { "rows.parquet" } ", "
                a href="summary.csv" { "summary.csv" } ", "
                a href="prompts.json" { "prompts.json" } ", "
                a href="predictions.jsonl" { "predictions.jsonl" } ", "
                a href="manifest.json" { "manifest.json" }
            }
        }
    }
}
