//! Many small overlays on one page. See [`Sheet`].

use image::{Rgb, RgbImage, imageops};

use super::canvas::{Canvas, Colour, LINE, Weight, advance, ink};

const PAPER: [u8; 3] = [255; 3];
const INK: Colour = [20, 22, 26];
const QUIET: Colour = [90, 96, 104];
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
    /// What is written below.
    pub note: String,
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
    }
}
