//! Many small overlays on one page. See [`Sheet`].

use std::{collections::BTreeMap, sync::Arc};

use image::{Rgb, RgbImage, imageops};
use maud::{Markup, PreEscaped, html};

use super::{
    canvas::{Canvas, Colour, LINE, Weight, advance, ink},
    vector::Vector,
};

const PAPER: [u8; 3] = [255; 3];
const INK: Colour = [20, 22, 26];
const QUIET: Colour = [90, 96, 104];
/// The size of letters in an SVG, so that a line is as long as on a picture.
const FONT: u32 = 17;
/// Between tiles and around the sheet.
const GAP: u32 = 12;

/// Rows of tiles of equal size on white paper, with a heading over each column and each row.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// The columns' headings.
    pub columns: Vec<String>,
    /// The rows, each with its heading.
    pub rows: Vec<(String, Vec<Option<Tile>>)>,
}

/// One picture of a sheet.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Drawn by [`Overlay::tile`](super::Overlay::tile).
    pub picture: RgbImage,
    /// The same without the slice, drawn by [`Overlay::vector`](super::Overlay::vector).
    pub vector: Vector,
    /// The slice.
    pub photograph: Arc<Photograph>,
    /// What is written below.
    pub note: String,
}

/// A slice as it stands in an SVG. Tiles of one slice share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Photograph {
    /// Tells it from the others of a sheet: letters, digits and `-`.
    pub name: String,
    /// The file, in base 64.
    pub jpeg: String,
}

impl Sheet {
    /// Draws it with tiles at most `side` pixels wide and high.
    pub fn draw(&self, side: u32) -> RgbImage {
        let columns = self.columns.len() as u32;
        let row_height = |tiles: &[Option<Tile>]| {
            let tallest = tiles.iter().flatten().map(|tile| tile.picture.height());
            2 * LINE + tallest.max().unwrap_or(0).min(side) + GAP
        };
        let heights: Vec<u32> = self
            .rows
            .iter()
            .map(|(_, tiles)| row_height(tiles))
            .collect();
        let width = GAP + columns * (side + GAP);
        let height = GAP + LINE + heights.iter().sum::<u32>();
        let mut canvas = Canvas {
            image: RgbImage::from_pixel(width, height, Rgb(PAPER)),
        };
        let left = |column: u32| GAP + column * (side + GAP);
        for (column, heading) in (0..).zip(&self.columns) {
            write(
                &mut canvas,
                heading,
                [left(column), GAP],
                Weight::Bold,
                side,
            );
        }
        let mut top = GAP + LINE;
        for ((heading, tiles), height) in self.rows.iter().zip(heights) {
            write(
                &mut canvas,
                heading,
                [GAP, top],
                Weight::Regular,
                width - GAP,
            );
            for (column, tile) in (0..).zip(tiles) {
                let Some(tile) = tile else { continue };
                let (x, y) = (left(column), top + LINE);
                imageops::replace(&mut canvas.image, &tile.picture, i64::from(x), i64::from(y));
                let below = [x, y + tile.picture.height()];
                canvas.text(
                    &shorten(&tile.note, side),
                    below,
                    Weight::Regular,
                    ink(QUIET),
                );
            }
            top += height;
        }
        canvas.image
    }

    /// Returns it as SVG with tiles at most `side` units wide and high: slices as pictures, all that is
    /// drawn on them as vectors. `style` goes into its head: a `style` element with the font.
    pub fn svg(&self, side: u32, style: &str) -> String {
        let columns = self.columns.len() as u32;
        let tallest = |tiles: &[Option<Tile>]| {
            let heights = tiles.iter().flatten().map(|tile| tile.vector.height);
            heights.fold(0.0, f32::max)
        };
        let line = LINE as f32;
        let heights: Vec<f32> = self
            .rows
            .iter()
            .map(|(_, tiles)| 2.0 * line + tallest(tiles) + GAP as f32)
            .collect();
        let width = GAP + columns * (side + GAP);
        let height = (GAP + LINE) as f32 + heights.iter().sum::<f32>();
        let left = |column: u32| GAP + column * (side + GAP);
        let mut body = Vec::new();
        for (column, heading) in (0..).zip(&self.columns) {
            let place = (left(column) as f32, GAP as f32);
            body.push(text(heading, place, side, "bold", INK));
        }
        let mut top = (GAP + LINE) as f32;
        let mut photographs = BTreeMap::new();
        for ((heading, tiles), height) in self.rows.iter().zip(heights) {
            body.push(text(heading, (GAP as f32, top), width - GAP, "normal", INK));
            for (column, tile) in (0..).zip(tiles) {
                let Some(tile) = tile else { continue };
                let (x, y) = (left(column) as f32, top + line);
                let Vector {
                    width,
                    height,
                    elements,
                } = &tile.vector;
                let name = &tile.photograph.name;
                photographs.insert(name, &tile.photograph.jpeg);
                body.push(html! {
                    g transform={ "translate(" (x) " " (y) ")" } {
                        use href={ "#" (name) } transform={ "scale(" (width) " " (height) ")" } {}
                        (PreEscaped(elements))
                    }
                });
                body.push(text(&tile.note, (x, y + height), side, "normal", QUIET));
            }
            top += height;
        }
        let svg = html! {
            svg viewBox={ "0 0 " (width) " " (height) } xmlns="http://www.w3.org/2000/svg"
                width=(width) height=(height) font-family="DejaVu Sans, Helvetica, Arial, sans-serif"
                font-size=(FONT) {
                defs {
                    (PreEscaped(style))
                    // Each slice once, one unit wide and high, however often it is shown.
                    @for (name, jpeg) in photographs {
                        image id=(name) width="1" height="1" preserveAspectRatio="none"
                            href={ "data:image/jpeg;base64," (jpeg) } {}
                    }
                }
                rect width="100%" height="100%" fill="#fff" {}
                @for part in body { (part) }
            }
        };
        svg.into_string()
    }
}

/// Returns a line of text in at most so many units, below the place given.
fn text(text: &str, (x, y): (f32, f32), width: u32, weight: &str, colour: Colour) -> Markup {
    let [red, green, blue] = colour;
    let baseline = y + LINE as f32 * 0.72;
    html! {
        text x=(x) y=(baseline) font-weight=(weight)
            fill={ "rgb(" (red) "," (green) "," (blue) ")" } { (shorten(text, width)) }
    }
}

fn write(canvas: &mut Canvas, text: &str, place: [u32; 2], weight: Weight, width: u32) {
    canvas.text(&shorten(text, width), place, weight, ink(INK));
}

/// Cuts what does not go into so many pixels.
fn shorten(text: &str, width: u32) -> String {
    text.chars().take((width / advance()) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_stand_in_their_columns() {
        let tile = |value| {
            Some(Tile {
                picture: RgbImage::from_pixel(40, 30, Rgb([value; 3])),
                vector: Vector {
                    width: 40.0,
                    height: 30.0,
                    elements: format!("<path d=\"M{value} 0\"/>"),
                },
                photograph: Arc::new(Photograph {
                    name: "slice-a".to_owned(),
                    jpeg: "AAAA".to_owned(),
                }),
                note: "IoU 0.500, a long note that is cut".to_owned(),
            })
        };
        let sheet = Sheet {
            columns: ["1", "2", "3"].map(str::to_owned).into(),
            rows: vec![
                ("chest lung".to_owned(), vec![tile(1), None, tile(3)]),
                ("brain".to_owned(), vec![None, tile(2), None]),
            ],
        };
        let image = sheet.draw(40);
        assert_eq!(image.width(), GAP + 3 * (40 + GAP));
        let at = |column: u32, row: u32| {
            let height = 2 * LINE + 30 + GAP;
            let x = GAP + column * (40 + GAP) + 20;
            image.get_pixel(x, GAP + LINE + row * height + LINE + 15).0[0]
        };
        assert_eq!([at(0, 0), at(1, 0), at(2, 0)], [1, 255, 3]);
        assert_eq!([at(0, 1), at(1, 1), at(2, 1)], [255, 2, 255]);
        assert_eq!(Sheet::default().draw(40).width(), GAP);
        let svg = sheet.svg(40, "<style>a</style>");
        assert_eq!(
            svg.matches("base64,AAAA").count(),
            1,
            "one slice, shown thrice"
        );
        assert_eq!(svg.matches("href=\"#slice-a\"").count(), 3);
        assert_eq!(svg.matches("<path").count(), 3);
        assert!(
            svg.contains("<style>a</style>") && svg.contains(">chest lung</text>"),
            "{svg}"
        );
    }
}
