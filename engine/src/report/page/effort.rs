//! How many prompts it takes, and whether large objects are easier.

use maud::{Markup, html};

use super::ratio;
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
    Some(html! {
        div.wide tabindex="0" role="region" aria-label="Prompts to a target" {
            table.sortable {
                thead {
                    tr {
                        th scope="col" { button { "Dataset" } }
                        th scope="col" { button { "Object" } }
                        th scope="col" { button { "Model and strategy" } }
                        @for target in TARGETS {
                            @let percent = (target * 100.0).round();
                            th.number scope="col" { button { "NoC@" (percent) } }
                            th.number scope="col" { button { "reached" } }
                        }
                        th.number scope="col" { button { "Mean height" } }
                    }
                }
                tbody {
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
                }
            }
        }
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
    Some(html! {
        div.wide tabindex="0" role="region" aria-label="IoU by size" {
            table.sortable {
                thead {
                    tr {
                        th scope="col" { button { "Dataset" } }
                        th scope="col" { button { "Object" } }
                        th scope="col" { button { "Model and strategy" } }
                        th.number scope="col" { button { "Small" } }
                        th.number scope="col" { button { "Middling" } }
                        th.number scope="col" { button { "Large" } }
                        th scope="col" { "Bounds, pixels" }
                    }
                }
                tbody {
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
                }
            }
        }
        p.note { "Mean IoU after the last prompt, trials in parentheses; a third of the slices of each object in each column." }
    })
}
