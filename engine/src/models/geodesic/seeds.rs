//! What clicks and boxes say for certain, and what they say of grey values. See [`Seeds`].

use ndarray::Array2;

use crate::entities::{Call, Click, PixelBox};

/// Pixels around a click that are sure to be of its side.
const SURE_RADIUS: u32 = 1;

/// Pixels around a click whose grey values are taken for its side's.
const SAMPLE_RADIUS: u32 = 4;

/// Distinguished grey values.
const BINS: usize = 64;

/// How much a sampled grey value says of others: standard deviation, in bins.
const BLUR: f32 = 2.5;

/// Share of the whole slice in what is known of the background beside the clicks.
const PRIOR: f32 = 0.3;

/// What starting at the border of the slice costs, times how much it looks like the object.
const BORDER: f32 = 20.0;

/// One side of a segmentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The object.
    Object,
    /// Everything else.
    Background,
}

/// What a call says.
#[derive(Clone, Debug)]
pub struct Seeds {
    clicks: Vec<Click>,
    bounds: Option<PixelBox>,
    /// The probability of being object, per bin of grey values.
    object: [f32; BINS],
}

impl Seeds {
    /// Reads a call's clicks and box, and the grey values `[height, width]` where they are.
    pub fn of(call: &Call, grey: &Array2<f32>) -> Self {
        let near = |positive: bool| {
            let clicks = call.clicks.iter();
            let clicks = clicks.filter(move |click| click.positive == positive);
            clicks.flat_map(|click| around(click, SAMPLE_RADIUS, grey.dim()))
        };
        let values =
            |pixels: &mut dyn Iterator<Item = [usize; 2]>| Histogram::of(pixels.map(|at| grey[at]));
        let object = values(&mut near(true)).or_else(|| {
            let bounds = middle(call.bounds?);
            values(&mut pixels_of(bounds))
        });
        let background = values(&mut near(false));
        let slice = grey.indexed_iter().map(|((y, x), _)| [y, x]);
        let elsewhere = match call.bounds {
            Some(bounds) => values(&mut slice.filter(|&[y, x]| !contains(bounds, y, x))),
            None => values(&mut { slice }),
        };
        let likely = |histogram: &Option<Histogram>, bin: usize| {
            histogram.as_ref().map_or(0.0, |histogram| histogram.0[bin])
        };
        let share = if background.is_some() { PRIOR } else { 1.0 };
        Self {
            clicks: call.clicks.clone(),
            bounds: call.bounds,
            object: std::array::from_fn(|bin| {
                let object = likely(&object, bin);
                let other =
                    (1.0 - share) * likely(&background, bin) + share * likely(&elsewhere, bin);
                object / (object + other + f32::MIN_POSITIVE)
            }),
        }
    }

    /// Returns how likely a pixel of this grey value is of the side.
    pub fn likelihood(&self, grey: f32, side: Side) -> f32 {
        let object = self.object[bin(grey)];
        match side {
            Side::Object => object,
            Side::Background => 1.0 - object,
        }
    }

    /// Returns what starting at each pixel costs a side: nothing where it is sure of it, infinitely
    /// much where it has no ground to. A later click overrides an earlier one.
    ///
    /// Of the background are negative clicks, all that is outside a box and, without one, the border
    /// of the slice, as far as it does not look like the object. Of the object are positive clicks
    /// or, if there are none, those pixels in the middle of the box that look like it.
    pub fn starts(&self, grey: &Array2<f32>, side: Side) -> Array2<f32> {
        let (height, width) = grey.dim();
        let is_clicked = self.clicks.iter().any(|click| click.positive);
        let mut starts = Array2::from_shape_fn((height, width), |(y, x)| {
            let object = self.likelihood(grey[[y, x]], Side::Object);
            let is_border = y == 0 || x == 0 || y + 1 == height || x + 1 == width;
            match (side, self.bounds) {
                (Side::Background, Some(bounds)) if !contains(bounds, y, x) => 0.0,
                (Side::Background, None) if is_border => BORDER * object,
                (Side::Object, Some(bounds)) if !is_clicked => {
                    let is_centre = [y, x] == centre(bounds);
                    let is_inner = contains(middle(bounds), y, x) && object >= 0.5;
                    if is_centre || is_inner {
                        0.0
                    } else {
                        f32::INFINITY
                    }
                }
                _ => f32::INFINITY,
            }
        });
        for click in &self.clicks {
            let is_own = click.positive == (side == Side::Object);
            for at in around(click, SURE_RADIUS, grey.dim()) {
                starts[at] = if is_own { 0.0 } else { f32::INFINITY };
            }
        }
        starts
    }
}

/// Shares of grey values, blurred, per bin.
struct Histogram([f32; BINS]);

impl Histogram {
    /// Returns `None` without values.
    fn of(values: impl Iterator<Item = f32>) -> Option<Self> {
        let mut counts = [0_u32; BINS];
        for value in values {
            counts[bin(value)] += 1;
        }
        let total: u32 = counts.iter().sum();
        let weight = |distance: usize| (-0.5 * (distance as f32 / BLUR).powi(2)).exp();
        let blurred = |bin: usize| {
            let counts = counts.iter().enumerate();
            let sum: f32 = counts
                .map(|(other, &count)| count as f32 * weight(bin.abs_diff(other)))
                .sum();
            sum / total as f32
        };
        (total > 0).then(|| Self(std::array::from_fn(blurred)))
    }
}

fn bin(grey: f32) -> usize {
    ((grey * BINS as f32) as usize).min(BINS - 1)
}

/// Returns the pixels of a slice within a radius of a click.
fn around(
    click: &Click,
    radius: u32,
    (height, width): (usize, usize),
) -> impl Iterator<Item = [usize; 2]> + use<> {
    let (cx, cy) = (click.x, click.y);
    let square = PixelBox {
        x0: cx.saturating_sub(radius),
        y0: cy.saturating_sub(radius),
        x1: (cx + radius).min(width as u32 - 1),
        y1: (cy + radius).min(height as u32 - 1),
    };
    pixels_of(square).filter(move |&[y, x]| {
        let (dx, dy) = ((x as u32).abs_diff(cx), (y as u32).abs_diff(cy));
        dx * dx + dy * dy <= radius * radius
    })
}

fn pixels_of(bounds: PixelBox) -> impl Iterator<Item = [usize; 2]> {
    let PixelBox { x0, y0, x1, y1 } = bounds;
    (y0..=y1).flat_map(move |y| (x0..=x1).map(move |x| [y as usize, x as usize]))
}

fn contains(bounds: PixelBox, y: usize, x: usize) -> bool {
    (bounds.y0 as usize..=bounds.y1 as usize).contains(&y)
        && (bounds.x0 as usize..=bounds.x1 as usize).contains(&x)
}

/// Returns the middle half of a box's rows and columns.
fn middle(bounds: PixelBox) -> PixelBox {
    let (width, height) = (bounds.x1 - bounds.x0, bounds.y1 - bounds.y0);
    PixelBox {
        x0: bounds.x0 + width / 4,
        y0: bounds.y0 + height / 4,
        x1: bounds.x1 - width / 4,
        y1: bounds.y1 - height / 4,
    }
}

fn centre(bounds: PixelBox) -> [usize; 2] {
    let middle = |first: u32, last: u32| first.midpoint(last) as usize;
    [middle(bounds.y0, bounds.y1), middle(bounds.x0, bounds.x1)]
}
