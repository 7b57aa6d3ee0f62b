//! Typical cases, to step through prompt by prompt. See [`gallery`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use maud::{Markup, PreEscaped, html};
use serde::Serialize;

use crate::{
    report::{Collection, TypicalCase, cases::Step},
    runs::{Percentile, Rle, RunError, outlines},
};

/// What the page's script needs of a case. Coordinates are pixels of the slice.
#[derive(Serialize)]
struct Shown {
    title: String,
    width: usize,
    height: usize,
    picture: String,
    truth: String,
    steps: Vec<ShownStep>,
}

#[derive(Serialize)]
struct ShownStep {
    prompts: u32,
    iou: f64,
    outline: String,
    clicks: BTreeSet<(u32, u32, bool)>,
    boxes: Vec<[u32; 4]>,
}

/// Returns the list of typical cases and the stage on which one is shown; `None` if there is none.
///
/// # Errors
/// A picture cannot be read.
pub(super) fn gallery(
    collection: &Collection,
    cases: &[TypicalCase],
) -> Result<Option<Markup>, RunError> {
    let mut shown = Vec::new();
    let mut pictures = BTreeMap::new();
    for case in cases {
        let Some(one) = show(collection, case) else {
            continue;
        };
        if !pictures.contains_key(&one.picture) {
            let Some(bytes) = case.picture()? else {
                continue;
            };
            pictures.insert(one.picture.clone(), BASE64_STANDARD.encode(bytes));
        }
        shown.push((case, one));
    }
    if shown.is_empty() {
        return Ok(None);
    }
    let data: Vec<_> = shown.iter().map(|(_, one)| one).collect();
    let data = serde_json::to_string(&data).expect("numbers and text can be written");
    Ok(Some(html! {
        p.note {
            "The cases at the 25th, 50th and 75th percentile of IoU of each model and strategy. Green: truth. Red: prediction. "
            "Blue +: click on the object. Orange −: click on the background. Arrow keys: left and right through the prompts, "
            "up and down through the cases."
        }
        div.gallery {
            ul aria-label="Cases" {
                @for (case, one) in &shown {
                    @let panel = &collection.panels[case.panel];
                    li data-dataset=(panel.dataset) data-object=(panel.object)
                        data-series=(panel.series[case.series].label) {
                        button type="button" { (one.title) }
                    }
                }
            }
            div.stage {
                h3 {}
                svg role="img" aria-label="" {}
                div.steps {
                    button type="button" { "◀ back" }
                    button type="button" { "next ▶" }
                    output aria-live="polite" {}
                }
            }
        }
        @for (name, data) in &pictures {
            script type="text/plain" id=(name) { "data:image/jpeg;base64," (PreEscaped(data)) }
        }
        // A script's text ends at the first «</», wherever it stands.
        script type="application/json" id="cases" { (PreEscaped(data.replace('<', "\\u003c"))) }
    }))
}

/// Returns what the script needs; `None` if a mask is damaged.
fn show(collection: &Collection, case: &TypicalCase) -> Option<Shown> {
    let panel = &collection.panels[case.panel];
    let [height, width] = case.exhibit.truth.size;
    let percentile = match case.exhibit.percentile {
        Percentile::Median => "median",
        Percentile::Lower => "25th percentile",
        Percentile::Upper => "75th percentile",
    };
    let trial = &case.exhibit.trial;
    let slice = match trial.slice {
        0 => String::new(),
        slice => format!(", slice {slice}"),
    };
    Some(Shown {
        title: format!(
            "{}, {} · {percentile} ({}{slice})",
            panel.name(),
            panel.series[case.series].label,
            trial.case
        ),
        width,
        height,
        picture: format!(
            "picture-{}-{}",
            case.run,
            case.exhibit.picture().trim_end_matches(".jpg")
        ),
        truth: path(&case.exhibit.truth)?,
        steps: case.steps.iter().map(step).collect::<Option<_>>()?,
    })
}

fn step(step: &Step) -> Option<ShownStep> {
    let calls = &step.prediction.calls;
    let clicks = calls.iter().flat_map(|call| &call.clicks);
    let boxes = calls.iter().filter_map(|call| call.bounds);
    Some(ShownStep {
        prompts: step.prompts,
        iou: step.iou,
        outline: path(&step.prediction.segmentation)?,
        clicks: clicks
            .map(|click| (click.x, click.y, click.positive))
            .collect(),
        boxes: boxes.map(|b| [b.x0, b.y0, b.x1, b.y1]).collect(),
    })
}

/// Returns a mask's outlines as the path of an SVG; `None` if the mask is damaged.
fn path(mask: &Rle) -> Option<String> {
    let mut path = String::new();
    for outline in outlines(mask.decode(mask.size).ok()?.view()) {
        for (index, [x, y]) in outline.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            // Writing to a string cannot fail.
            _ = write!(path, "{command}{x} {y}");
        }
        path.push('Z');
    }
    Some(path)
}
