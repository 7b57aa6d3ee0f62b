//! How many prompts it takes, and whether large objects are easier.

use maud::{Markup, html};

use super::{
    ratio,
    table::{numbers, table, words},
};
use crate::report::{Collection, Panel, Series, Strata};

/// The IoUs at which annotators are usually content.
const TARGETS: [f64; 3] = [0.80, 0.85, 0.90];

/// Returns a line per series of several prompts.
pub(super) fn effort(collection: &Collection) -> Option<Markup> {
    let several = |series: &&Series| series.prompts > 1;
    let lines: Vec<(&Panel, &Series)> = collection
        .panels
        .iter()
        .flat_map(|panel| {
            panel
                .series
                .iter()
                .filter(several)
                .map(move |series| (panel, series))
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let targets = TARGETS.into_iter().flat_map(|target| {
        let percent = (target * 100.0).round();
        [numbers(format!("NoC@{percent}")), numbers("reached")]
    });
    let columns = [
        words("Dataset"),
        words("Object"),
        words("Model and strategy"),
    ]
    .into_iter()
    .chain(targets)
    .chain([numbers("Mean height")]);
    Some(html! {
        (table("Prompts to a target", columns, html! {
            @for (panel, series) in &lines {
                tr data-dataset=(panel.dataset) data-object=(panel.object) data-series=(series.label) {
                    td { (panel.dataset) }
                    td { (panel.object) }
                    td { (series.label) }
                    @for target in TARGETS {
                        @let effort = series.effort(target);
                        td.number { (format!("{:.2}", effort.prompts)) }
                        td.number { (format!("{:.0} %", effort.reached * 100.0)) }
                    }
                    td.number { (ratio(series.mean_height())) }
                }
            }
        }))
        p.note {
            "NoC: mean number of prompts until the IoU reaches the target; a trial that never does counts as the last prompt. "
            "Mean height: the area under the IoU curve over its length."
        }
    })
}

/// Returns a line per series, with the means of small, middling and large objects.
pub(super) fn strata(collection: &Collection) -> Option<Markup> {
    let panels: Vec<_> = collection
        .panels
        .iter()
        .filter_map(|panel| Some((panel, Strata::of(panel)?)))
        .collect();
    if panels.is_empty() {
        return None;
    }
    let columns = [
        words("Dataset"),
        words("Object"),
        words("Model and strategy"),
        numbers("Small"),
        numbers("Middling"),
        numbers("Large"),
        numbers("Bounds, pixels").unsorted(),
    ];
    Some(html! {
        (table("IoU by size", columns, html! {
            @for (panel, strata) in &panels {
                @for series in &panel.series {
                    tr data-dataset=(panel.dataset) data-object=(panel.object) data-series=(series.label) {
                        td { (panel.dataset) }
                        td { (panel.object) }
                        td { (series.label) }
                        @for stratum in strata.means(series) {
                            td.number {
                                @if let Some(stratum) = stratum {
                                    (ratio(stratum.iou)) " (" (stratum.trials) ")"
                                }
                            }
                        }
                        td.number { (strata.small) ", " (strata.middling) }
                    }
                }
            }
        }))
        p.note { "Mean IoU after the last prompt, trials in parentheses; a third of the slices of each object in each column." }
    })
}
