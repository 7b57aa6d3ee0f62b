//! Anti-aliased lines, discs and text on an image. See [`Canvas`].

use image::{Rgb, RgbImage};
use noto_sans_mono_bitmap::{
    FontWeight, RasterHeight, RasterizedChar, get_raster, get_raster_width,
};

use super::contour::Point;

/// A colour, sRGB.
pub(super) type Colour = [u8; 3];

/// An image that is drawn on. Points are in its pixels; the centre of the first one is (0.5, 0.5).
pub(super) struct Canvas {
    pub(super) image: RgbImage,
}

/// How a shape is drawn.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub(super) colour: Colour,
    /// From 0, not seen, to 1, opaque.
    pub(super) opacity: f32,
}

/// Opaque ink.
pub(super) const fn ink(colour: Colour) -> Ink {
    Ink {
        colour,
        opacity: 1.0,
    }
}

/// Weight of the text.
#[derive(Clone, Copy)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// From one line of text to the next.
pub(super) const LINE: u32 = 27;
/// Height of a character with its ascender and descender.
pub(super) const CHARACTER: u32 = 24;
const RASTER: RasterHeight = RasterHeight::Size24;

/// Returns the width of a character, the same for all.
pub(super) const fn advance() -> u32 {
    get_raster_width(FontWeight::Regular, RASTER) as u32
}

impl Canvas {
    /// Draws a connected line of the given thickness with round ends; `closed` joins them.
    ///
    /// Coverage is `radius + ½ − distance` to the line, cut to [0, 1], taken once for all of it:
    /// a line does not darken where it meets itself.
    pub(super) fn line(&mut self, points: &[Point], closed: bool, thickness: f32, ink: Ink) {
        let radius = thickness / 2.0;
        let ends = points.iter().cycle().skip(1);
        let count = if closed {
            points.len()
        } else {
            points.len().saturating_sub(1)
        };
        let segments: Vec<_> = points.iter().zip(ends).take(count).collect();
        let mut coverage = Coverage::around(points, radius + 1.0, &self.image);
        for (&a, &b) in segments {
            coverage.raise([a, b].as_slice(), radius + 1.0, |p| {
                radius + 0.5 - distance(p, a, b)
            });
        }
        coverage.paint(&mut self.image, ink);
    }

    /// Draws a filled disc.
    pub(super) fn disc(&mut self, centre: Point, radius: f32, ink: Ink) {
        let mut coverage = Coverage::around(&[centre], radius + 1.0, &self.image);
        coverage.raise(&[centre], radius + 1.0, |[x, y]| {
            radius + 0.5 - (x - centre[0]).hypot(y - centre[1])
        });
        coverage.paint(&mut self.image, ink);
    }

    /// Writes text from (x, y), its upper left corner, and returns where it ends.
    /// A character that the font lacks is written as `?`.
    pub(super) fn text(&mut self, text: &str, [x, y]: [u32; 2], weight: Weight, ink: Ink) -> u32 {
        let weight = match weight {
            Weight::Regular => FontWeight::Regular,
            Weight::Bold => FontWeight::Bold,
        };
        let mut left = x;
        for char in text.chars() {
            let glyph =
                get_raster(char, weight, RASTER).or_else(|| get_raster('?', weight, RASTER));
            for (row, dy) in glyph.iter().flat_map(RasterizedChar::rows).zip(0..) {
                for (&value, dx) in row.iter().zip(0..) {
                    let coverage = f32::from(value) / 255.0;
                    blend(&mut self.image, left + dx, y + dy, coverage, ink);
                }
            }
            left += advance();
        }
        left
    }
}

/// Distance of `p` to the segment from `a` to `b`.
fn distance(p: Point, a: Point, b: Point) -> f32 {
    let (ab, ap) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let square = ab[0] * ab[0] + ab[1] * ab[1];
    let along = if square > 0.0 {
        ((ap[0] * ab[0] + ap[1] * ab[1]) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (ap[0] - along * ab[0]).hypot(ap[1] - along * ab[1])
}

/// How much of each pixel in a rectangle a shape covers.
struct Coverage {
    /// First and one after the last column and row.
    columns: [u32; 2],
    rows: [u32; 2],
    values: Vec<f32>,
}

impl Coverage {
    /// Takes the rectangle that holds all within `reach` of the points and lies in the image.
    fn around(points: &[Point], reach: f32, image: &RgbImage) -> Self {
        let range = |axis: usize, size: u32| {
            let (low, high) = points
                .iter()
                .map(|point| point[axis])
                .fold((f32::MAX, f32::MIN), |(low, high), v| {
                    (low.min(v), high.max(v))
                });
            // A cast saturates: no negative index, no overflow.
            let first = ((low - reach).floor() as u32).min(size);
            [first, ((high + reach).ceil() as u32).clamp(first, size)]
        };
        let (columns, rows) = (range(0, image.width()), range(1, image.height()));
        let size = (columns[1] - columns[0]) as usize * (rows[1] - rows[0]) as usize;
        Self {
            columns,
            rows,
            values: vec![0.0; size],
        }
    }

    /// Raises each pixel within `reach` of the points to what `shape` gives at its centre.
    fn raise(&mut self, points: &[Point], reach: f32, shape: impl Fn(Point) -> f32) {
        let range = |axis: usize, [first, end]: [u32; 2]| {
            let values = points.iter().map(|point| point[axis]);
            let low = values.clone().fold(f32::MAX, f32::min) - reach;
            let high = values.fold(f32::MIN, f32::max) + reach;
            (low.floor() as u32).clamp(first, end)..(high.ceil() as u32).clamp(first, end)
        };
        let stride = (self.columns[1] - self.columns[0]) as usize;
        for y in range(1, self.rows) {
            for x in range(0, self.columns) {
                let index = (y - self.rows[0]) as usize * stride + (x - self.columns[0]) as usize;
                let value = shape([x as f32 + 0.5, y as f32 + 0.5]).clamp(0.0, 1.0);
                self.values[index] = self.values[index].max(value);
            }
        }
    }

    fn paint(&self, image: &mut RgbImage, ink: Ink) {
        let pixels = (self.rows[0]..self.rows[1])
            .flat_map(|y| (self.columns[0]..self.columns[1]).map(move |x| (x, y)));
        for ((x, y), &value) in pixels.zip(&self.values) {
            blend(image, x, y, value, ink);
        }
    }
}

fn blend(image: &mut RgbImage, x: u32, y: u32, coverage: f32, ink: Ink) {
    let alpha = coverage * ink.opacity;
    if alpha > 0.0
        && let Some(Rgb(pixel)) = image.get_pixel_mut_checked(x, y)
    {
        for (old, new) in pixel.iter_mut().zip(ink.colour) {
            let mixed = f32::from(*old) + alpha * (f32::from(new) - f32::from(*old));
            *old = mixed.round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Ink = ink([255; 3]);

    fn canvas() -> Canvas {
        Canvas {
            image: RgbImage::new(40, 30),
        }
    }

    /// The ink on the canvas, in whole pixels.
    fn amount(canvas: &Canvas) -> f32 {
        canvas
            .image
            .pixels()
            .map(|pixel| f32::from(pixel.0[0]) / 255.0)
            .sum()
    }

    #[test]
    fn lines_and_discs_have_their_area() {
        let mut a = canvas();
        a.line(&[[10.0, 15.0], [30.0, 15.0]], false, 2.0, WHITE);
        let expected = 20.0 * 2.0 + std::f32::consts::PI;
        assert!((amount(&a) - expected).abs() < 1.0, "{}", amount(&a));

        let mut b = canvas();
        b.disc([20.3, 14.8], 6.0, WHITE);
        let expected = std::f32::consts::PI * 36.0;
        assert!((amount(&b) - expected).abs() < 2.0, "{}", amount(&b));
    }

    #[test]
    fn a_line_that_meets_itself_is_no_darker() {
        let half = Ink {
            opacity: 0.5,
            ..WHITE
        };
        let mut canvas = canvas();
        let square = [[5.0, 5.0], [20.0, 5.0], [20.0, 20.0], [5.0, 20.0]];
        canvas.line(&square, true, 3.0, half);
        let most = canvas.image.pixels().map(|pixel| pixel.0[0]).max();
        assert_eq!(most, Some(128));
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut canvas = canvas();
        canvas.line(&[[-50.0, -1e9], [1e9, 3e3]], false, 3.0, WHITE);
        canvas.disc([-100.0, 20.0], 5.0, WHITE);
        canvas.line(&[], true, 3.0, WHITE);
        canvas.text("far out", [38, 28], Weight::Regular, WHITE);
        canvas.text("farther", [u32::MAX / 2; 2], Weight::Bold, WHITE);
    }

    #[test]
    fn every_character_gets_its_place() {
        let mut canvas = canvas();
        assert_eq!(
            canvas.text("a肝", [0, 0], Weight::Bold, WHITE),
            2 * advance()
        );
    }
}
