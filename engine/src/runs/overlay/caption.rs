//! What is written below an overlay. See [`Caption`].

use image::{Rgb, RgbImage, imageops};

use super::{
    PAPER,
    canvas::{CHARACTER, Canvas, Colour, LINE, Weight, advance, ink},
    panel::{CLICK, PREDICTION, PREDICTION_LINE, TRUTH, TRUTH_LINE, WHITE, draw_box, draw_click},
};
use crate::entities::Call;

const SECONDARY: Colour = [176, 182, 190];
/// Around the text.
const MARGIN: u32 = 14;
/// Between two items of a line, in characters.
const GAP: usize = 3;

/// Three paragraphs below the picture: where it is from, what was done, and the legend.
/// Items go on the next line where there is no room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// Where it is from: dataset, case, slice, object.
    pub title: Vec<String>,
    /// What was done: model, strategy, prompts, IoU.
    pub details: Vec<String>,
}

/// A piece of a line.
#[derive(Clone, Copy)]
struct Item<'a> {
    text: &'a str,
    sample: Option<Sample>,
    weight: Weight,
    colour: Colour,
}

/// What stands before an entry of the legend.
#[derive(Clone, Copy)]
enum Sample {
    Truth,
    Prediction,
    Click { positive: bool },
    Box,
}

/// Width of a sample, in characters.
const SAMPLE: usize = 3;

/// Returns the legend's entries: the outlines, and the prompts there are.
fn legend(calls: &[Call]) -> Vec<(&'static str, Sample)> {
    let has_click = |positive| {
        let mut clicks = calls.iter().flat_map(|call| &call.clicks);
        clicks.any(|click| click.positive == positive)
    };
    let has_box = calls.iter().any(|call| call.bounds.is_some());
    let click = |positive| Sample::Click { positive };
    let entries = [
        (true, "truth", Sample::Truth),
        (true, "prediction", Sample::Prediction),
        (has_click(true), "click on the object", click(true)),
        (has_click(false), "click on the background", click(false)),
        (has_box, "box", Sample::Box),
    ];
    let present = entries.into_iter().filter(|&(present, ..)| present);
    present.map(|(_, text, sample)| (text, sample)).collect()
}

impl Caption {
    /// Puts the caption below a picture, with the legend of what was given.
    pub(super) fn below(&self, picture: RgbImage, calls: &[Call]) -> RgbImage {
        let (width, height) = picture.dimensions();
        let columns = (width.saturating_sub(2 * MARGIN) / advance()).max(12) as usize;
        let item = |text, sample, weight, colour| Item {
            text,
            sample,
            weight,
            colour,
        };
        let title = self
            .title
            .iter()
            .map(|text| item(text.as_str(), None, Weight::Bold, WHITE));
        let details = self
            .details
            .iter()
            .map(|text| item(text.as_str(), None, Weight::Regular, WHITE));
        let legend = legend(calls)
            .into_iter()
            .map(|(text, sample)| item(text, Some(sample), Weight::Regular, SECONDARY));
        let mut lines = wrap(title, columns);
        lines.extend(wrap(details, columns));
        lines.extend(wrap(legend, columns));

        let below = lines.len() as u32 * LINE + 2 * MARGIN;
        let wide = width.max(columns as u32 * advance() + 2 * MARGIN);
        let mut image = RgbImage::from_pixel(wide, height + below, Rgb(PAPER));
        imageops::replace(&mut image, &picture, i64::from(wide - width) / 2, 0);
        let mut canvas = Canvas { image };
        for (line, number) in lines.iter().zip(0..) {
            write_line(&mut canvas, line, height + MARGIN + number * LINE, columns);
        }
        canvas.image
    }
}

/// Fills lines of so many characters with whole items.
fn wrap<'a>(items: impl Iterator<Item = Item<'a>>, columns: usize) -> Vec<Vec<Item<'a>>> {
    let mut lines: Vec<Vec<Item<'_>>> = Vec::new();
    let mut used = 0;
    for item in items {
        let length = item.text.chars().count() + item.sample.map_or(0, |_| SAMPLE);
        match lines.last_mut() {
            Some(line) if used + GAP + length <= columns => {
                used += GAP + length;
                line.push(item);
            }
            _ => {
                used = length;
                lines.push(vec![item]);
            }
        }
    }
    lines
}

fn write_line(canvas: &mut Canvas, line: &[Item<'_>], y: u32, columns: usize) {
    let mut x = MARGIN;
    for (index, item) in line.iter().enumerate() {
        if index > 0 && item.sample.is_none() {
            let dot = [x + advance(), y];
            canvas.text("·", dot, Weight::Regular, ink(SECONDARY));
        }
        x += if index > 0 { GAP as u32 * advance() } else { 0 };
        if let Some(sample) = item.sample {
            draw_sample(canvas, sample, [x, y]);
            x += SAMPLE as u32 * advance();
        }
        x = canvas.text(
            &cut(item.text, columns),
            [x, y],
            item.weight,
            ink(item.colour),
        );
    }
}

/// Shortens a text that is longer than a line.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns - 3).collect();
    kept + "..."
}

fn draw_sample(canvas: &mut Canvas, sample: Sample, [x, y]: [u32; 2]) {
    let (x, y) = (x as f32, y as f32 + CHARACTER as f32 / 2.0);
    let ends = [[x + 3.0, y], [x + 25.0, y]];
    match sample {
        Sample::Truth => canvas.line(&ends, false, TRUTH_LINE, ink(TRUTH)),
        Sample::Prediction => canvas.line(&ends, false, PREDICTION_LINE, ink(PREDICTION)),
        Sample::Click { positive } => {
            draw_click(canvas, [x + 25.0 - CLICK, y], positive);
        }
        Sample::Box => {
            let (x0, x1, y0, y1) = (x + 5.0, x + 25.0, y - 7.0, y + 7.0);
            draw_box(canvas, &[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]);
        }
    }
}
