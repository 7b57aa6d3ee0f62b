//! Figs 2, 3 and 5 of the study: typical cases, drawn. See [`sheets`].

use std::{collections::BTreeMap, path::Path, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use image::imageops::FilterType;
use ndarray::Array3;
use rayon::prelude::*;

use super::style::font_style;
use crate::{
    entities::Regions,
    report::{Collection, Panel, Series, TypicalCase, cases::Step},
    runs::{
        Caption, Overlay, Percentile, Photograph, RunError, Sheet, Tile, replace_with, safe_name,
    },
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
    /// Writes `<name>.png`, and `<name>.svg` with its font and slices inside.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), RunError> {
        let path = folder.join(format!("{}.svg", self.name));
        let svg = self.sheet.svg(SIDE, font_style());
        replace_with(&path, svg.as_bytes())?;
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
    let tiles = tiles(cases)?;
    let cases: Vec<_> = cases.iter().zip(&tiles).collect();
    let mut sheets = Vec::new();
    for label in collection.labels() {
        sheets.extend(percentiles(collection, &cases, label));
    }
    sheets.extend(prompts(collection, &cases));
    Ok(sheets)
}

/// The tiles of a case that some sheet shows: the last step's, or every step's. None whose masks are
/// damaged, or whose picture is gone.
type Tiles = Vec<Option<Tile>>;

/// Draws the tiles of all cases. Each slice is read and decoded once, whoever shows it.
fn tiles(cases: &[TypicalCase]) -> Result<Vec<Tiles>, RunError> {
    let mut slices: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        let slice = (case.run, case.exhibit.picture());
        slices.entry(slice).or_default().push(index);
    }
    let slices: Vec<_> = slices.into_iter().collect();
    let drawn: Vec<Vec<(usize, Tiles)>> = slices
        .par_iter()
        .map(|((run, name), indices)| {
            let name = format!("slice-{run}-{}", name.trim_end_matches(".jpg"));
            let Some(slice) = Slice::read(&cases[indices[0]], name)? else {
                return Ok(Vec::new());
            };
            let draw = |&index: &usize| (index, slice.tiles(&cases[index]));
            Ok(indices.iter().map(draw).collect())
        })
        .collect::<Result<_, RunError>>()?;
    let mut tiles = vec![Vec::new(); cases.len()];
    for (index, drawn) in drawn.into_iter().flatten() {
        tiles[index] = drawn;
    }
    Ok(tiles)
}

/// A slice, decoded.
struct Slice {
    /// `[height, width, 3]`.
    pixels: Array3<u8>,
    photograph: Arc<Photograph>,
}

impl Slice {
    /// Reads the slice of a case; `None` if its picture is gone or damaged.
    fn read(case: &TypicalCase, name: String) -> Result<Option<Self>, RunError> {
        let Some(bytes) = case.picture()? else {
            return Ok(None);
        };
        let [height, width] = case.exhibit.truth.size;
        let decoded = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg);
        // The size of a truth that cannot be decoded is not to be believed.
        let (Ok(picture), Ok(_)) = (decoded, case.exhibit.truth.decode([height, width])) else {
            return Ok(None);
        };
        let picture = picture
            .resize_exact(width as u32, height as u32, FilterType::Triangle)
            .into_rgb8();
        let pixels = Array3::from_shape_vec((height, width, 3), picture.into_raw())
            .expect("it was resized to this size");
        let jpeg = BASE64_STANDARD.encode(bytes);
        Ok(Some(Self {
            pixels,
            photograph: Arc::new(Photograph { name, jpeg }),
        }))
    }

    /// Draws the tiles of a case on this slice.
    fn tiles(&self, case: &TypicalCase) -> Tiles {
        let first = if is_shown_whole(case) {
            0
        } else {
            case.steps.len() - 1
        };
        let (height, width, _) = self.pixels.dim();
        let Ok(truth) = case.exhibit.truth.decode([height, width]) else {
            return Vec::new();
        };
        let draw = |step: &Step| {
            let prediction = step.prediction.segmentation.decode([height, width]).ok()?;
            let overlay = Overlay {
                pixels: self.pixels.view(),
                truth: truth.view(),
                prediction: prediction.view(),
                calls: &step.prediction.calls,
                caption: &Caption::default(),
            };
            Some(Tile {
                picture: overlay.tile(SIDE),
                vector: overlay.vector(SIDE),
                photograph: Arc::clone(&self.photograph),
                note: format!("IoU {:.3}", step.iou),
            })
        };
        case.steps[first..].iter().map(draw).collect()
    }
}

/// Returns whether a sheet shows the case prompt by prompt.
fn is_shown_whole(case: &TypicalCase) -> bool {
    case.exhibit.percentile == Percentile::Median && case.steps.len() > 1 && has_parts(case)
}

/// Returns the sheet of one model and strategy; `None` if it has no typical case.
fn percentiles(
    collection: &Collection,
    cases: &[(&TypicalCase, &Tiles)],
    label: &str,
) -> Option<Pictures> {
    let columns = [Percentile::Lower, Percentile::Median, Percentile::Upper];
    let mut rows = Vec::new();
    for (index, panel) in collection.panels.iter().enumerate() {
        let tiles = columns.map(|percentile| {
            let case = cases.iter().find(|(case, _)| {
                case.panel == index
                    && series(collection, case).label == label
                    && case.exhibit.percentile == percentile
            });
            case.and_then(|(_, tiles)| tiles.last()?.clone())
        });
        if tiles.iter().any(Option::is_some) {
            rows.push((panel.name(), tiles.into()));
        }
    }
    let headings = ["25th percentile", "median", "75th percentile"];
    (!rows.is_empty()).then(|| Pictures {
        name: format!("fig2_{}", safe_name(label)),
        sheet: Sheet {
            columns: headings.map(str::to_owned).into(),
            rows,
        },
    })
}

/// Returns the sheet of objects in several parts; `None` if there is none, or nothing to iterate.
fn prompts(collection: &Collection, cases: &[(&TypicalCase, &Tiles)]) -> Option<Pictures> {
    let mut rows = Vec::new();
    let mut most = 0;
    for (case, tiles) in cases.iter().filter(|(case, _)| is_shown_whole(case)) {
        if tiles.iter().any(Option::is_some) {
            let panel = &collection.panels[case.panel];
            most = most.max(tiles.len());
            rows.push((heading(panel, series(collection, case)), (*tiles).clone()));
        }
    }
    (!rows.is_empty()).then(|| Pictures {
        name: "fig5_regions".to_owned(),
        sheet: Sheet {
            columns: (1..=most).map(|prompts| prompts.to_string()).collect(),
            rows,
        },
    })
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
