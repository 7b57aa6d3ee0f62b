//! Figs 2, 3 and 5 of the study: typical cases, drawn. See [`sheets`].

use std::path::Path;

use image::{RgbImage, imageops::FilterType};
use ndarray::{Array3, ArrayView2};

use crate::{
    entities::Regions,
    report::{Collection, Panel, Series, TypicalCase, cases::Step},
    runs::{Caption, Overlay, Percentile, RunError, Sheet, Tile, replace_with, safe_name},
};

/// Width and height of a tile at most, in pixels.
const SIDE: u32 = 300;

/// A sheet of pictures and the name of its file.
pub struct Pictures {
    /// The stem of the file's name.
    pub name: String,
    sheet: Sheet,
}

impl Pictures {
    /// Writes `<name>.png`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), RunError> {
        let path = folder.join(format!("{}.png", self.name));
        let mut bytes = std::io::Cursor::new(Vec::new());
        self.sheet
            .draw(SIDE)
            .write_to(&mut bytes, image::ImageFormat::Png)
            .map_err(|error| RunError::Encode {
                path: path.clone(),
                reason: error.to_string(),
            })?;
        replace_with(&path, bytes.get_ref())
    }
}

/// Draws, per model and strategy, the cases at the 25th, 50th and 75th percentile of every object
/// (Figs 2 and 3), and the median cases of objects in several parts prompt by prompt (Fig. 5).
///
/// # Errors
/// A picture cannot be read.
pub fn sheets(collection: &Collection, cases: &[TypicalCase]) -> Result<Vec<Pictures>, RunError> {
    let mut sheets = Vec::new();
    for label in collection.labels() {
        sheets.extend(percentiles(collection, cases, label)?);
    }
    sheets.extend(prompts(collection, cases)?);
    Ok(sheets)
}

/// Returns the sheet of one model and strategy; `None` if it has no typical case.
fn percentiles(
    collection: &Collection,
    cases: &[TypicalCase],
    label: &str,
) -> Result<Option<Pictures>, RunError> {
    let columns = [Percentile::Lower, Percentile::Median, Percentile::Upper];
    let mut rows = Vec::new();
    for (index, panel) in collection.panels.iter().enumerate() {
        let mut tiles = Vec::new();
        for percentile in columns {
            let case = cases.iter().find(|case| {
                case.panel == index
                    && series(collection, case).label == label
                    && case.exhibit.percentile == percentile
            });
            tiles.push(match case {
                Some(case) => tile(case, case.steps.last())?,
                None => None,
            });
        }
        if tiles.iter().any(Option::is_some) {
            rows.push((panel.name(), tiles));
        }
    }
    let headings = ["25th percentile", "median", "75th percentile"];
    Ok((!rows.is_empty()).then(|| Pictures {
        name: format!("fig2_{}", safe_name(label)),
        sheet: Sheet {
            columns: headings.map(str::to_owned).into(),
            rows,
        },
    }))
}

/// Returns the sheet of objects in several parts; `None` if there is none, or nothing to iterate.
fn prompts(collection: &Collection, cases: &[TypicalCase]) -> Result<Option<Pictures>, RunError> {
    let mut rows = Vec::new();
    let mut most = 0;
    for (index, panel) in collection.panels.iter().enumerate() {
        let median = cases.iter().filter(|case| {
            case.panel == index
                && case.exhibit.percentile == Percentile::Median
                && case.steps.len() > 1
                && has_parts(case)
        });
        for case in median {
            let tiles = case.steps.iter().map(|step| tile(case, Some(step)));
            let tiles = tiles.collect::<Result<Vec<_>, _>>()?;
            most = most.max(tiles.len());
            rows.push((heading(panel, series(collection, case)), tiles));
        }
    }
    Ok((!rows.is_empty()).then(|| Pictures {
        name: "fig5_regions".to_owned(),
        sheet: Sheet {
            columns: (1..=most).map(|prompts| prompts.to_string()).collect(),
            rows,
        },
    }))
}

fn series<'a>(collection: &'a Collection, case: &TypicalCase) -> &'a Series {
    &collection.panels[case.panel].series[case.series]
}

fn heading(panel: &Panel, series: &Series) -> String {
    format!("{}, {}", panel.name(), series.label)
}

/// Returns whether the object is in several parts.
fn has_parts(case: &TypicalCase) -> bool {
    let truth = &case.exhibit.truth;
    truth
        .decode(truth.size)
        .is_ok_and(|truth| Regions::of(truth.view()).by_area.len() > 1)
}

/// Draws one step of a case; `None` if its picture is gone or its masks are damaged.
fn tile(case: &TypicalCase, step: Option<&Step>) -> Result<Option<Tile>, RunError> {
    let Some((step, bytes)) = step.zip(case.picture()?) else {
        return Ok(None);
    };
    let size @ [height, width] = case.exhibit.truth.size;
    let masks = (
        case.exhibit.truth.decode(size),
        step.prediction.segmentation.decode(size),
        image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg),
    );
    let (Ok(truth), Ok(prediction), Ok(picture)) = masks else {
        return Ok(None);
    };
    let picture = picture
        .resize_exact(width as u32, height as u32, FilterType::Triangle)
        .into_rgb8();
    Ok(Some(Tile {
        picture: draw(picture, truth.view(), prediction.view(), step),
        note: format!("IoU {:.3}", step.iou),
    }))
}

fn draw(
    picture: RgbImage,
    truth: ArrayView2<'_, bool>,
    prediction: ArrayView2<'_, bool>,
    step: &Step,
) -> RgbImage {
    let (height, width) = truth.dim();
    let pixels = Array3::from_shape_vec((height, width, 3), picture.into_raw())
        .expect("it was resized to the truth's size");
    Overlay {
        pixels: pixels.view(),
        truth,
        prediction,
        calls: &step.prediction.calls,
        caption: &Caption::default(),
    }
    .tile(SIDE)
}
