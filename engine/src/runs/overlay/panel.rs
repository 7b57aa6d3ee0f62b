//! A part of a slice, enlarged and drawn on. See [`Panel`].

use std::collections::BTreeSet;

use image::{RgbImage, imageops};
use ndarray::{ArrayView2, ArrayView3, s};

pub(super) use super::canvas::Colour;
use super::{
    Overlay,
    canvas::{Canvas, Ink, ink},
    contour::{Point, contours},
};
use crate::entities::{Click, PixelBox};

/// Bright, thick and below: where both outlines agree it frames the prediction.
pub(super) const TRUTH: Colour = [70, 225, 95];
pub(super) const TRUTH_LINE: f32 = 4.5;
/// Dark, thin and above.
pub(super) const PREDICTION: Colour = [255, 40, 45];
pub(super) const PREDICTION_LINE: f32 = 2.0;
pub(super) const POSITIVE: Colour = [20, 110, 235];
pub(super) const NEGATIVE: Colour = [240, 140, 0];
pub(super) const WHITE: Colour = [255; 3];
/// Under every line, so that it shows on bright and on dark.
const SHADOW: Ink = Ink {
    colour: [0; 3],
    opacity: 0.5,
};
/// How far a shadow is seen on each side.
pub(super) const SHADE: f32 = 1.0;
/// Radius of a click's disc with its ring.
pub(super) const CLICK: f32 = 10.0;

/// A window on a slice. Points given to it are pixels of the slice; the centre of the slice's first
/// pixel is (0, 0).
pub(super) struct Panel {
    canvas: Canvas,
    /// The slice's pixel in the upper left corner.
    corner: [f32; 2],
    /// Pixels of the panel for one of the slice.
    scale: f32,
    /// Width and height of the slice.
    slice: [f32; 2],
}

impl Panel {
    /// Enlarges the window, whose last column and row are inclusive, by a factor.
    pub(super) fn new(pixels: ArrayView3<'_, u8>, window: PixelBox, scale: f32) -> Self {
        let [x0, y0, x1, y1] =
            [window.x0, window.y0, window.x1, window.y1].map(|value| value as usize);
        let part = pixels.slice(s![y0..=y1, x0..=x1, ..]);
        let (height, width, _) = part.dim();
        let image = RgbImage::from_raw(width as u32, height as u32, part.iter().copied().collect())
            .expect("three bytes per pixel by the view's shape");
        let size = |pixels: usize| ((pixels as f32 * scale).round() as u32).max(1);
        let filter = imageops::FilterType::Lanczos3;
        Self {
            canvas: Canvas {
                image: imageops::resize(&image, size(width), size(height), filter),
            },
            corner: [x0 as f32, y0 as f32],
            scale,
            slice: [pixels.dim().1 as f32, pixels.dim().0 as f32],
        }
    }

    /// Draws outlines, boxes, then those clicks that `shown` allows.
    pub(super) fn draw(mut self, overlay: &Overlay<'_>, shown: impl Fn(Click) -> bool) -> Self {
        let truth = self.outlines(overlay.truth, TRUTH_LINE);
        let prediction = self.outlines(overlay.prediction, PREDICTION_LINE);
        for (outlines, thickness, ink) in [
            (&truth, TRUTH_LINE + 2.0 * SHADE, SHADOW),
            (&prediction, PREDICTION_LINE + 2.0 * SHADE, SHADOW),
            (&truth, TRUTH_LINE, ink(TRUTH)),
            (&prediction, PREDICTION_LINE, ink(PREDICTION)),
        ] {
            for outline in outlines {
                self.canvas.line(outline, true, thickness, ink);
            }
        }
        for bounds in overlay.calls.iter().filter_map(|call| call.bounds) {
            let corners = self.corners(bounds);
            draw_box(&mut self.canvas, &corners);
        }
        // Several calls may share clicks; each is drawn once, the newest on top.
        let mut drawn = BTreeSet::new();
        let clicks = overlay.calls.iter().flat_map(|call| &call.clicks);
        for click in clicks.filter(|&&click| shown(click)) {
            if drawn.insert((click.x, click.y, click.positive)) {
                let centre = self.place([click.x as f32, click.y as f32]);
                draw_click(&mut self.canvas, centre, click.positive);
            }
        }
        self
    }

    /// Frames the window of another panel.
    pub(super) fn frame(&mut self, window: PixelBox) {
        let corners = self.corners(window);
        self.canvas.line(&corners, true, 1.5 + 2.0 * SHADE, SHADOW);
        self.canvas.line(&corners, true, 1.5, ink(WHITE));
    }

    pub(super) fn into_image(self) -> RgbImage {
        self.canvas.image
    }

    /// Returns where a point of the slice is in the panel.
    fn place(&self, point: Point) -> Point {
        std::array::from_fn(|axis| (point[axis] + 0.5 - self.corner[axis]) * self.scale)
    }

    /// Returns where a point is, but so far inside the slice that a line through it is seen whole.
    fn place_inside(&self, point: Point, thickness: f32) -> Point {
        let inset = thickness / 2.0 / self.scale;
        self.place(std::array::from_fn(|axis| {
            let inset = inset.min(self.slice[axis] / 2.0);
            point[axis].clamp(inset - 0.5, self.slice[axis] - inset - 0.5)
        }))
    }

    fn outlines(&self, mask: ArrayView2<'_, bool>, thickness: f32) -> Vec<Vec<Point>> {
        let place = |point| self.place_inside(point, thickness);
        let outlines = contours(mask).into_iter();
        outlines
            .map(|outline| outline.into_iter().map(place).collect())
            .collect()
    }

    /// Returns the corners of a box's outer border.
    fn corners(&self, bounds: PixelBox) -> [Point; 4] {
        let [x0, y0] = [bounds.x0, bounds.y0].map(|first| first as f32 - 0.5);
        let [x1, y1] = [bounds.x1, bounds.y1].map(|last| last as f32 + 0.5);
        [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(|corner| self.place_inside(corner, 3.0))
    }
}

/// Draws a connected line in the colours of a box: blue with a white core.
pub(super) fn draw_box(canvas: &mut Canvas, corners: &[Point]) {
    canvas.line(corners, true, 3.0 + 2.0 * SHADE, SHADOW);
    canvas.line(corners, true, 3.0, ink(POSITIVE));
    canvas.line(corners, true, 1.0, ink(WHITE));
}

/// Draws a click: a disc with its sign inside.
pub(super) fn draw_click(canvas: &mut Canvas, centre: Point, positive: bool) {
    let [x, y] = centre;
    canvas.disc(centre, CLICK + SHADE, SHADOW);
    canvas.disc(centre, CLICK, ink(WHITE));
    let colour = if positive { POSITIVE } else { NEGATIVE };
    canvas.disc(centre, CLICK - 1.5, ink(colour));
    let arm = CLICK - 4.5;
    canvas.line(&[[x - arm, y], [x + arm, y]], false, 2.5, ink(WHITE));
    if positive {
        canvas.line(&[[x, y - arm], [x, y + arm]], false, 2.5, ink(WHITE));
    }
}
