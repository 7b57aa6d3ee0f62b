//! Series against each other, and against what was published.

use maud::{Markup, html};

use super::{
    ratio, signed,
    table::{numbers, table, words},
};
use crate::report::{Collection, Pair, Panel, Series, pairs, published};

/// How many prompts the study gave.
const PROMPTS: u32 = 9;

/// Returns a line per pair of series of each object.
pub(super) fn differences(collection: &Collection) -> Option<Markup> {
    let all = pairs(&collection.panels);
    if all.iter().all(Vec::is_empty) {
        return None;
    }
    let columns = [
        words("Dataset"),
        words("Object"),
        words("Better"),
        words("Than"),
        numbers("Cases"),
        numbers("Mean difference"),
        numbers("95 % interval").unsorted(),
        numbers("Effect"),
        numbers("p, adjusted"),
    ];
    Some(html! {
        (table("Differences between series", columns, html! {
            @for (panel, pairs) in collection.panels.iter().zip(&all) {
                @for pair in pairs { (difference(panel, pair)) }
            }
        }))
        p.note {
            "IoU after each series' last prompt, on the trials that both played. Effect: matched-pairs rank-biserial "
            "correlation, 1 if every case is better. p: Wilcoxon's signed-rank test over cases, two-sided, adjusted for all "
            "lines of this table (Holm). With few cases no p can be small: five give 0.06 at best."
        }
    })
}

fn difference(panel: &Panel, pair: &Pair) -> Markup {
    let [one, other] = [pair.one, pair.other].map(|index| &panel.series[index].label);
    let turned = pair.difference < 0.0;
    let (better, worse) = if turned { (other, one) } else { (one, other) };
    let sign = if turned { -1.0 } else { 1.0 };
    let interval = pair.interval.map(|interval| {
        let ends = [interval.low * sign, interval.high * sign];
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    });
    html! {
        tr data-dataset=(panel.dataset) data-object=(panel.object) {
            td { (panel.dataset) }
            td { (panel.object) }
            td { (better) }
            td { (worse) }
            td.number { (pair.cases) }
            td.number { (signed(pair.difference * sign)) }
            td.number {
                @match interval {
                    Some((low, high)) => { (signed(low)) " to " (signed(high)) }
                    None => { "one case" }
                }
            }
            td.number { @if let Some(test) = pair.test { (signed(test.effect * sign)) } }
            td.number { (probability(pair.adjusted)) }
        }
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        ratio(p)
    }
}

/// Returns this collection's means beside the published ones, where dataset and object match.
pub(super) fn published_values(collection: &Collection) -> Option<Markup> {
    let known: Vec<_> = collection
        .panels
        .iter()
        .map(|panel| (panel, published(&panel.dataset, &panel.object)))
        .filter(|(_, published)| !published.is_empty())
        .collect();
    if known.is_empty() {
        return None;
    }
    let prompts = (1..=PROMPTS).map(|prompts| numbers(prompts.to_string()).unsorted());
    let columns = [words("Object").unsorted(), words("Values").unsorted()]
        .into_iter()
        .chain(prompts);
    Some(html! {
        (table("Published values", columns, html! {
            @for (panel, published) in &known {
                @for series in &panel.series { (own_values(panel, series)) }
                @for published in published {
                    tr.published data-dataset=(panel.dataset) data-object=(panel.object) {
                        td { (published.object) }
                        td { "published: " (published.method) }
                        @for iou in &published.iou { td.number { (ratio(*iou)) } }
                    }
                }
            }
        }))
        p.note {
            "Published: mean IoU over the study's own images after 1 to 9 prompts of Algorithm 1, from the authors' tables of "
            "November 2023. sam: SAM ViT-H, always its first mask. sam_oracle: the same, always its best mask. The others: their "
            "authors' models at a threshold of 0.49. Other images, other models, other rules than this run's: for orientation."
        }
    })
}

fn own_values(panel: &Panel, series: &Series) -> Markup {
    html! {
        tr data-dataset=(panel.dataset) data-object=(panel.object) data-series=(series.label) {
            td { (panel.name()) }
            td { (series.label) }
            @for prompts in 1..=PROMPTS {
                td.number {
                    @if prompts <= series.prompts {
                        (ratio(series.mean(prompts, |point| point.iou)))
                    }
                }
            }
        }
    }
}
