//! `report.html`: everything on one page that needs no network. See [`page`].

mod comparison;
mod effort;
mod facts;
mod gallery;
mod results;
mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Collection, Drawing, Pictures, TypicalCase};
use crate::runs::RunError;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Returns the page: results with filter and sorting, figures, comparisons, published values, a
/// gallery to step through, and what failed.
///
/// # Errors
/// A file of a run folder that the gallery needs cannot be read.
pub(super) fn page(
    collection: &Collection,
    drawings: &[Drawing],
    sheets: &[Pictures],
    cases: &[TypicalCase],
) -> Result<String, RunError> {
    let title = collection
        .runs
        .iter()
        .map(|run| run.manifest.scenario.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let gallery = gallery::gallery(collection, cases)?;
    let failures = facts::failures(collection)?;
    let times = facts::times(collection)?;
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#results" { "Skip to the results" }
                header {
                    h1 { (title) }
                    (facts::runs(collection))
                }
                main {
                    (section("results", "Results", results::results(collection)))
                    (section("figures", "Figures", figures(drawings, sheets)))
                    (section("gallery", "Typical cases", gallery))
                    (section("effort", "Prompts needed", effort::effort(collection)))
                    (section("strata", "Easy and hard objects", effort::strata(collection)))
                    (section("comparison", "Differences", comparison::differences(collection)))
                    (section("published", "Published values", comparison::published_values(collection)))
                    (section("data", "Data", facts::data(collection)))
                    (section("time", "Time", times))
                    (section("failures", "Failures", failures))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(document.into_string())
}

/// Returns a section with its heading; nothing if there is nothing to say.
fn section(id: &str, heading: &str, content: Option<Markup>) -> Markup {
    html! {
        @if let Some(content) = content {
            section id=(id) {
                h2 { (heading) }
                (content)
            }
        }
    }
}

fn figures(drawings: &[Drawing], sheets: &[Pictures]) -> Option<Markup> {
    (!drawings.is_empty()).then(|| {
        html! {
            @for drawing in drawings {
                figure {
                    div.drawing.panels[drawing.is_wide()] role="img" aria-label=(drawing.caption) {
                        (PreEscaped(drawing.inline_svg()))
                    }
                    figcaption {
                        (drawing.caption) " "
                        a href={ "figures/" (drawing.name) ".svg" } { "SVG" } " "
                        a href={ "figures/" (drawing.name) ".png" } { "PNG" }
                    }
                }
            }
            @if !sheets.is_empty() {
                p {
                    "Typical cases, for print: "
                    @for (index, sheet) in sheets.iter().enumerate() {
                        @if index > 0 { "; " }
                        (sheet.name) " "
                        a href={ "figures/" (sheet.name) ".svg" } { "SVG" } " "
                        a href={ "figures/" (sheet.name) ".png" } { "PNG" }
                    }
                }
            }
        }
    })
}

/// Returns a ratio with three digits.
fn ratio(value: f64) -> String {
    format!("{value:.3}")
}

/// Returns a ratio with its sign, a true minus; none where it rounds to zero.
fn signed(value: f64) -> String {
    match format!("{value:+.3}").as_str() {
        "+0.000" | "-0.000" => ratio(0.0),
        text => text.replace('-', "−"),
    }
}
