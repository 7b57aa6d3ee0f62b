//! A prediction drawn over its slice, for people. See [`Overlay`].

mod canvas;
mod caption;
mod contour;
mod panel;
mod sheet;
mod vector;

use std::{io::Cursor, path::Path};

use image::{ImageFormat, Rgb, RgbImage, imageops};
use ndarray::{ArrayView2, ArrayView3};

use super::{RunError, folder::replace_with};
use crate::entities::{Call, PixelBox};
use panel::Panel;

pub use caption::Caption;
pub use contour::outlines;
pub use sheet::{Photograph, Sheet, Tile};
pub use vector::Vector;

/// The long side of the drawn slice is near to this.
const LONG_SIDE: f32 = 1024.0;
/// An object that is smaller than this share of its slice is shown enlarged beside it.
const SMALL: f32 = 0.25;
/// How much larger than the object the enlarged window is.
const CONTEXT: f32 = 1.8;
/// The enlarged window is not narrower or lower, in pixels of the slice.
const FEWEST: f32 = 24.0;
/// Between slice and enlarged window.
const GUTTER: u32 = 12;
/// Around the pictures.
const PAPER: [u8; 3] = [18, 20, 24];

/// A slice with the truth (thick green outline), a prediction (thin red outline) and its prompts
/// (boxes; discs with `+` on the object, `−` on the background, so that they differ without colour).
///
/// A small object is shown once more, enlarged, on the right; its clicks only there.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'a> {
    /// RGB, `[height, width, 3]`.
    pub pixels: ArrayView3<'a, u8>,
    /// `[height, width]`.
    pub truth: ArrayView2<'a, bool>,
    /// `[height, width]`.
    pub prediction: ArrayView2<'a, bool>,
    /// What the model was given; coordinates in pixels of the slice.
    pub calls: &'a [Call],
    /// What is written below.
    pub caption: &'a Caption,
}

impl Overlay<'_> {
    /// Draws it, upscaled by a whole number so that thin outlines show (or reduced, if the slice is
    /// larger than about a thousand pixels).
    pub fn draw(&self) -> RgbImage {
        let (height, width, _) = self.pixels.dim();
        let scale = scale(height.max(width) as f32);
        let slice = Panel::new(self.pixels, self.whole(), scale);
        let Some(window) = self.window() else {
            let picture = slice.draw(self, |_| true).into_image();
            return self.caption.below(picture, self.calls);
        };
        let within =
            |x, y| (window.x0..=window.x1).contains(&x) && (window.y0..=window.y1).contains(&y);
        let mut slice = slice.draw(self, |click| !within(click.x, click.y));
        slice.frame(window);
        let rows = window.y1 - window.y0 + 1;
        let enlarged = Panel::new(self.pixels, window, scale * height as f32 / rows as f32);
        let enlarged = enlarged.draw(self, |_| true);
        let picture = beside(&slice.into_image(), &enlarged.into_image());
        self.caption.below(picture, self.calls)
    }

    /// Draws the slice alone, so that its long side has so many pixels: for a [`Sheet`].
    pub fn tile(&self, side: u32) -> RgbImage {
        let (height, width, _) = self.pixels.dim();
        let scale = side as f32 / height.max(width) as f32;
        Panel::new(self.pixels, self.whole(), scale)
            .draw(self, |_| true)
            .into_image()
    }

    /// Draws it into a PNG file, written as a whole.
    pub fn write(&self, path: &Path) -> Result<(), RunError> {
        let mut bytes = Cursor::new(Vec::new());
        self.draw()
            .write_to(&mut bytes, ImageFormat::Png)
            .map_err(|error| RunError::Encode {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
        replace_with(path, bytes.get_ref())
    }

    /// Returns the box around the whole slice.
    fn whole(&self) -> PixelBox {
        let (height, width, _) = self.pixels.dim();
        PixelBox {
            x0: 0,
            y0: 0,
            x1: width as u32 - 1,
            y1: height as u32 - 1,
        }
    }

    /// Returns the window around a small object, of the slice's proportions; `None` if it is large.
    fn window(&self) -> Option<PixelBox> {
        let bounds = PixelBox::around(self.truth)?;
        let (height, width) = self.truth.dim();
        let [width, height] = [width as f32, height as f32];
        let columns = (bounds.x1 - bounds.x0 + 1) as f32;
        let rows = (bounds.y1 - bounds.y0 + 1) as f32;
        let share = (columns / width).max(rows / height);
        let shown = (share * CONTEXT).max(FEWEST / width.min(height)).min(1.0);
        if share >= SMALL || shown > 0.5 {
            return None;
        }
        let span = |first: u32, last: u32, size: f32| {
            let length = (shown * size).ceil();
            let centre = (first + last) as f32 / 2.0 + 0.5;
            let start = (centre - length / 2.0).round().clamp(0.0, size - length);
            (start as u32, (start + length) as u32 - 1)
        };
        let (x0, x1) = span(bounds.x0, bounds.x1, width);
        let (y0, y1) = span(bounds.y0, bounds.y1, height);
        Some(PixelBox { x0, y0, x1, y1 })
    }
}

/// Returns how many pixels of the drawing a pixel of the slice becomes.
fn scale(long: f32) -> f32 {
    if long > LONG_SIDE {
        LONG_SIDE / long
    } else {
        (LONG_SIDE / long).round()
    }
}

fn beside(left: &RgbImage, right: &RgbImage) -> RgbImage {
    let width = left.width() + GUTTER + right.width();
    let height = left.height().max(right.height());
    let mut both = RgbImage::from_pixel(width, height, Rgb(PAPER));
    imageops::replace(&mut both, left, 0, 0);
    imageops::replace(&mut both, right, i64::from(left.width() + GUTTER), 0);
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::Click;
    use ndarray::{Array2, Array3};

    fn disc(size: usize, centre: (usize, usize), radius: usize) -> Array2<bool> {
        Array2::from_shape_fn((size, size), |(y, x)| {
            x.abs_diff(centre.0).pow(2) + y.abs_diff(centre.1).pow(2) <= radius * radius
        })
    }

    fn draw(truth: &Array2<bool>, prediction: &Array2<bool>, calls: &[Call]) -> RgbImage {
        let (height, width) = truth.dim();
        let pixels = Array3::from_elem((height, width, 3), 90);
        let overlay = Overlay {
            pixels: pixels.view(),
            truth: truth.view(),
            prediction: prediction.view(),
            calls,
            caption: &Caption::default(),
        };
        overlay.draw()
    }

    /// How many pixels are of about this colour.
    fn count(image: &RgbImage, colour: [u8; 3]) -> usize {
        let near = |pixel: &[u8; 3]| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12);
        image.pixels().filter(|pixel| near(&pixel.0)).count()
    }

    #[test]
    fn both_outlines_are_seen_even_where_they_agree() {
        let mask = disc(128, (64, 64), 40);
        let image = draw(&mask, &mask, &[]);
        let circumference = 8.0 * 2.0 * std::f32::consts::PI * 40.0;
        for (colour, thickness) in [
            (panel::TRUTH, panel::TRUTH_LINE - panel::PREDICTION_LINE),
            (panel::PREDICTION, panel::PREDICTION_LINE),
        ] {
            let share = count(&image, colour) as f32 / (circumference * thickness);
            assert!((0.3..1.3).contains(&share), "{colour:?} {share}");
        }
    }

    #[test]
    fn sizes_are_near_to_a_thousand() {
        for (size, drawn) in [
            (1, 1024),
            (100, 1000),
            (512, 1024),
            (700, 700),
            (1500, 1024),
        ] {
            let mask = Array2::from_elem((size, size), true);
            assert_eq!(draw(&mask, &mask, &[]).width(), drawn, "{size}");
        }
        let mask = Array2::from_elem((1, 3000), true);
        assert_eq!(draw(&mask, &mask, &[]).width(), 1024);
    }

    #[test]
    fn a_small_object_is_enlarged_beside_its_slice() {
        let mask = disc(256, (30, 250), 9);
        let image = draw(&mask, &mask, &[]);
        assert!(image.width() > 2 * 1024, "two pictures");
        let large = disc(256, (128, 128), 60);
        assert_eq!(draw(&large, &large, &[]).width(), 1024);
    }

    #[test]
    fn prompts_anywhere_are_drawn_or_cut_off() {
        let mask = disc(64, (32, 32), 20);
        let click = |x, y, positive| Click { x, y, positive };
        let calls = [Call {
            clicks: vec![
                click(0, 0, true),
                click(63, 63, false),
                click(u32::MAX, 7, true),
            ],
            bounds: Some(PixelBox {
                x0: 0,
                y0: 5,
                x1: u32::MAX,
                y1: u32::MAX,
            }),
        }];
        let plain = draw(&mask, &mask, &[]);
        assert_ne!(draw(&mask, &mask, &calls), plain);
    }

    #[test]
    fn an_empty_prediction_is_drawn() {
        let mask = disc(64, (32, 32), 20);
        let empty = Array2::from_elem((64, 64), false);
        let image = draw(&mask, &empty, &[]);
        assert_eq!(image.width(), 1024);
    }
}
