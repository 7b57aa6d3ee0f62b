//! An overlay as part of an SVG. See [`Overlay::vector`].

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    Overlay,
    contour::{Point, contours},
    panel::{
        CLICK, Colour, NEGATIVE, POSITIVE, PREDICTION, PREDICTION_LINE, SHADE, TRUTH, TRUTH_LINE,
        WHITE,
    },
};
use crate::entities::PixelBox;

/// What is drawn over a slice, as elements of an SVG in which a slice is `width` × `height` units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vector {
    /// Width in units.
    pub width: f32,
    /// Height in units.
    pub height: f32,
    /// Outlines, boxes and clicks, without the slice itself.
    pub elements: String,
}

impl Overlay<'_> {
    /// Returns the outlines, boxes and clicks as vectors, on a slice whose long side is so many units:
    /// what [`Overlay::tile`] draws, sharp at any size.
    pub fn vector(&self, side: u32) -> Vector {
        let (height, width) = self.truth.dim();
        let scale = side as f32 / height.max(width) as f32;
        // The centre of the first pixel is (0, 0); the slice begins half a pixel before.
        let place = |point: Point| point.map(|value| (value + 0.5) * scale);
        let mut elements = String::new();
        let outlines = [self.truth, self.prediction].map(|mask| path(&contours(mask), place));
        let lines = [(TRUTH, TRUTH_LINE), (PREDICTION, PREDICTION_LINE)];
        for (outline, (_, line)) in outlines.iter().zip(lines) {
            stroke(&mut elements, outline, "#000", line + 2.0 * SHADE, 0.5);
        }
        for (outline, (colour, line)) in outlines.iter().zip(lines) {
            stroke(&mut elements, outline, &hex(colour), line, 1.0);
        }
        for bounds in self.calls.iter().filter_map(|call| call.bounds) {
            let corners = path(&[corners(bounds).into()], place);
            stroke(&mut elements, &corners, "#000", 3.0 + 2.0 * SHADE, 0.5);
            stroke(&mut elements, &corners, &hex(POSITIVE), 3.0, 1.0);
            stroke(&mut elements, &corners, "#fff", 1.0, 1.0);
        }
        let mut drawn = BTreeSet::new();
        for click in self.calls.iter().flat_map(|call| &call.clicks) {
            if drawn.insert((click.x, click.y, click.positive)) {
                let centre = place([click.x as f32, click.y as f32]);
                self::click(&mut elements, centre, click.positive);
            }
        }
        Vector {
            width: width as f32 * scale,
            height: height as f32 * scale,
            elements,
        }
    }
}

/// Returns the corners of a box's outer border.
fn corners(bounds: PixelBox) -> [Point; 4] {
    let [x0, y0] = [bounds.x0, bounds.y0].map(|first| first as f32 - 0.5);
    let [x1, y1] = [bounds.x1, bounds.y1].map(|last| last as f32 + 0.5);
    [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

/// Returns closed lines as the path of an SVG, to a hundredth of a unit.
fn path(loops: &[Vec<Point>], place: impl Fn(Point) -> Point) -> String {
    let mut path = String::new();
    for points in loops {
        for (index, &point) in points.iter().enumerate() {
            let [x, y] = place(point);
            let command = if index == 0 { 'M' } else { 'L' };
            // Writing to a string cannot fail.
            _ = write!(path, "{command}{} {}", rounded(x), rounded(y));
        }
        path.push('Z');
    }
    path
}

/// Rounds to a hundredth: the shortest text of such a number is short.
fn rounded(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

fn stroke(elements: &mut String, path: &str, colour: &str, width: f32, opacity: f32) {
    if !path.is_empty() {
        _ = write!(
            elements,
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-opacity="{opacity}" stroke-linejoin="round"/>"#
        );
    }
}

/// Draws a click: a disc with its sign inside.
fn click(elements: &mut String, [x, y]: Point, positive: bool) {
    let colour = hex(if positive { POSITIVE } else { NEGATIVE });
    let [x, y] = [rounded(x), rounded(y)];
    let arm = CLICK - 4.5;
    let upright = if positive {
        format!("M0 {}V{arm}", -arm)
    } else {
        String::new()
    };
    _ = write!(
        elements,
        r##"<g transform="translate({x} {y})"><circle r="{}" fill-opacity="0.5"/><circle r="{CLICK}" fill="#fff"/><circle r="{}" fill="{colour}"/><path d="M{} 0H{arm}{upright}" stroke="{}" stroke-width="2.5" stroke-linecap="round"/></g>"##,
        CLICK + SHADE,
        CLICK - 1.5,
        -arm,
        hex(WHITE),
    );
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entities::{Call, Click},
        runs::Caption,
    };
    use ndarray::{Array2, Array3};

    #[test]
    fn outlines_and_clicks_are_where_they_are_on_the_slice() {
        let pixels = Array3::from_elem((10, 20, 3), 9);
        let mut truth = Array2::from_elem((10, 20), false);
        truth[[4, 6]] = true;
        let prediction = Array2::from_elem((10, 20), false);
        let call = Call {
            clicks: vec![Click {
                x: 6,
                y: 4,
                positive: true,
            }],
            bounds: Some(PixelBox {
                x0: 5,
                y0: 3,
                x1: 7,
                y1: 5,
            }),
        };
        let vector = Overlay {
            pixels: pixels.view(),
            truth: truth.view(),
            prediction: prediction.view(),
            // Two calls that share a click: it is drawn once.
            calls: &[
                call.clone(),
                Call {
                    bounds: None,
                    ..call
                },
            ],
            caption: &Caption::default(),
        }
        .vector(200);
        assert_eq!((vector.width as u32, vector.height as u32), (200, 100));
        let elements = vector.elements;
        // The box from the outer border of its first pixel to that of its last.
        assert!(
            elements.contains(r#"d="M50 30L80 30L80 60L50 60Z""#),
            "{elements}"
        );
        assert_eq!(
            elements.matches("translate(65 45)").count(),
            1,
            "{elements}"
        );
        // The truth twice, with its shadow; of the empty prediction nothing; the box in three colours.
        assert_eq!(elements.matches("<path").count(), 2 + 3 + 1, "{elements}");
    }
}
