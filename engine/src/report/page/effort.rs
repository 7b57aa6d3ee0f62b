//! How many prompts it takes, and which objects are hard.

use maud::{Markup, html};

use super::{
    ratio,
    table::{numbers, table, words},
};
use crate::report::{Collection, Panel, Series, Strata, Trait};

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
                        @match series.effort(target) {
                            Some(effort) => {
                                td.number { (format!("{:.2}", effort.prompts)) }
                                td.number { (format!("{:.0} %", effort.reached * 100.0)) }
                            }
                            None => { td.number { "–" } td.number { "–" } }
                        }
                    }
                    td.number { (ratio(series.mean_height())) }
                }
            }
        }))
        p.note {
            "NoC: mean number of prompts until the IoU reaches the target, over trials; one that does not in all its prompts counts as "
            "these. A dash: a trial was stopped before, at a lower IoU, so that nobody knows (in noc.csv: empty). "
            "Mean height: the area under the IoU curve over its length, between 0 and 1."
        }
    })
}

/// Returns a table for each trait that tells objects apart: a line per series, with the means of three
/// strata.
pub(super) fn strata(collection: &Collection) -> Option<Markup> {
    let tables = Trait::ALL.map(|of| stratified(collection, of));
    tables.iter().any(Option::is_some).then(|| {
        html! {
            @for table in tables.iter().flatten() { (table) }
            p.note {
                "Mean IoU after the last prompt, trials in parentheses; of size and contrast a third of the slices of each object in each "
                "column. Contrast: the share of brightness that an object does not have in common with its surroundings, the pixels up to "
                "2 % of the slice's diagonal away (generalised contrast-to-noise ratio, Rodriguez-Molares et al. 2020)."
            }
        }
    })
}

fn stratified(collection: &Collection, of: Trait) -> Option<Markup> {
    let panels: Vec<_> = collection
        .panels
        .iter()
        .filter_map(|panel| Some((panel, Strata::of(panel, of)?)))
        .collect();
    if panels.is_empty() {
        return None;
    }
    let (heading, strata, bounds) = match of {
        Trait::Size => (
            "Size",
            ["Small", "Middling", "Large"],
            Some("Bounds, pixels"),
        ),
        Trait::Regions => ("Number of parts", ["One", "Two", "More"], None),
        Trait::Contrast => ("Contrast", ["Low", "Middling", "High"], Some("Bounds")),
    };
    let columns = [
        words("Dataset"),
        words("Object"),
        words("Model and strategy"),
    ]
    .into_iter()
    .chain(strata.map(numbers))
    .chain(bounds.map(|bounds| numbers(bounds).unsorted()));
    let bound = |value: f64| match of {
        Trait::Contrast => format!("{value:.2}"),
        Trait::Size | Trait::Regions => format!("{value:.0}"),
    };
    Some(html! {
        h3 { (heading) }
        (table(&format!("IoU by {}", heading.to_lowercase()), columns, html! {
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
                        @if bounds.is_some() {
                            td.number { (bound(strata.bounds[0])) ", " (bound(strata.bounds[1])) }
                        }
                    }
                }
            }
        }))
    })
}
