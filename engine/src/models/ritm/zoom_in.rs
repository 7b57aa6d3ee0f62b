//! Which part of the slice the network looks at. See [`choose`].
//!
//! From the second click on, RITM crops the surroundings of its last answer. Rectangles are inclusive
//! pixel indices, as [`PixelBox`].

use ndarray::ArrayView2;

use crate::{
    entities::{Click, PixelBox},
    models::State,
};

/// The longer side of an enlarged or shrunk crop, in pixels.
pub(super) const TARGET: usize = 400;

/// Up to this many clicks the network sees the whole slice.
const SKIPPED_CLICKS: usize = 1;

/// How much larger than the object its surroundings are.
const EXPANSION: f64 = 1.4;

/// The least side of the surroundings, in pixels of the slice.
const LEAST_SIDE: f64 = 200.0;

/// An agreement of rectangles below this gives up the old one.
const LEAST_AGREEMENT: f64 = 0.5;

/// From this probability on a pixel counts as object, where surroundings are concerned.
const OBJECT: f32 = 0.5;

/// What the network is shown, and where its answer belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zoom {
    /// The crop it is shown; `None` for the whole slice.
    pub shown: Option<PixelBox>,
    /// The rectangle that its answer fills, and that the next call starts from; `None` for the whole
    /// slice. It is `shown`, but for an empty last answer: the reference then shows the whole slice,
    /// yet still fills the old rectangle.
    pub filled: Option<PixelBox>,
}

/// Chooses from all clicks so far and what the last call left.
pub fn choose(clicks: &[Click], state: Option<&State>) -> Zoom {
    let old = state.and_then(|state| state.zoom);
    let whole = Zoom {
        shown: None,
        filled: old,
    };
    if clicks.len() <= SKIPPED_CLICKS {
        return whole;
    }
    let surroundings = state.and_then(|state| surroundings(state.probabilities.view(), clicks));
    let Some(new) = surroundings else {
        return whole;
    };
    let kept = old.filter(|old| {
        holds_positive_clicks(*old, clicks) && agreement(new, *old) >= LEAST_AGREEMENT
    });
    let chosen = Some(kept.unwrap_or(new));
    Zoom {
        shown: chosen,
        filled: chosen,
    }
}

/// Returns the height and width that a crop is resized to: the longer side becomes [`TARGET`].
pub(super) fn input_size(crop: PixelBox) -> [usize; 2] {
    let [height, width] = size(crop);
    let scale = TARGET as f64 / height.max(width) as f64;
    [height, width].map(|side| ((side as f64 * scale).round_ties_even() as usize).max(1))
}

/// Returns a rectangle's height and width.
pub(super) fn size(bounds: PixelBox) -> [usize; 2] {
    let side = |first: u32, last: u32| (last - first) as usize + 1;
    [side(bounds.y0, bounds.y1), side(bounds.x0, bounds.x1)]
}

/// Returns the surroundings of object and positive clicks; `None` where there is no object.
fn surroundings(probabilities: ArrayView2<'_, f32>, clicks: &[Click]) -> Option<PixelBox> {
    let is_object = |((y, x), &probability): ((usize, usize), &f32)| {
        (probability > OBJECT).then_some((x as u32, y as u32))
    };
    let object = probabilities.indexed_iter().filter_map(is_object);
    let object = object.fold(None, |bounds, at| Some(include(bounds, at)))?;
    let positive = clicks.iter().filter(|click| click.positive);
    let PixelBox { x0, y0, x1, y1 } = positive.fold(object, |bounds, click| {
        include(Some(bounds), (click.x, click.y))
    });
    let (height, width) = probabilities.dim();
    let (y0, y1) = expand(y0, y1, height);
    let (x0, x1) = expand(x0, x1, width);
    Some(PixelBox { x0, y0, x1, y1 })
}

/// Returns the smallest rectangle with the bounds and the pixel.
fn include(bounds: Option<PixelBox>, (x, y): (u32, u32)) -> PixelBox {
    let old = bounds.unwrap_or(PixelBox {
        x0: x,
        y0: y,
        x1: x,
        y1: y,
    });
    PixelBox {
        x0: old.x0.min(x),
        y0: old.y0.min(y),
        x1: old.x1.max(x),
        y1: old.y1.max(y),
    }
}

/// Expands an interval about its centre and clamps it into `count` pixels.
fn expand(first: u32, last: u32, count: usize) -> (u32, u32) {
    let (first, last) = (f64::from(first), f64::from(last));
    let centre = 0.5 * (first + last);
    let length = (EXPANSION * (last - first + 1.0)).max(LEAST_SIDE);
    // Python rounds halves to even. Below 0 the conversion gives 0.
    let start = (centre - 0.5 * length).round_ties_even() as u32;
    let end = (centre + 0.5 * length).round_ties_even() as u32;
    (start, end.min(count as u32 - 1))
}

/// Whether all positive clicks lie inside; as in the reference, the last row and column do not count.
fn holds_positive_clicks(bounds: PixelBox, clicks: &[Click]) -> bool {
    clicks.iter().filter(|click| click.positive).all(|click| {
        (bounds.y0..bounds.y1).contains(&click.y) && (bounds.x0..bounds.x1).contains(&click.x)
    })
}

/// Returns the product of the intersections over unions of rows and of columns.
fn agreement(a: PixelBox, b: PixelBox) -> f64 {
    let along = |a0: u32, a1: u32, b0: u32, b1: u32| {
        let shared = i64::from(a1.min(b1)) - i64::from(a0.max(b0)) + 1;
        let covered = i64::from(a1.max(b1)) - i64::from(a0.min(b0)) + 1;
        shared.max(0) as f64 / covered as f64
    };
    along(a.y0, a.y1, b.y0, b.y1) * along(a.x0, a.x1, b.x0, b.x1)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;

    fn click(x: u32, y: u32, positive: bool) -> Click {
        Click { x, y, positive }
    }

    /// A slice of 500 × 600 with an object in a rectangle, seen before through `zoom`.
    fn state(object: [usize; 4], zoom: Option<PixelBox>) -> State {
        let [x0, y0, x1, y1] = object;
        let mut probabilities = Array2::zeros((500, 600));
        probabilities.slice_mut(s![y0..y1, x0..x1]).fill(0.9);
        State {
            probabilities,
            zoom,
        }
    }

    #[test]
    fn the_first_click_and_an_empty_answer_show_the_whole_slice() {
        let clicks = [click(5, 5, true), click(9, 9, true)];
        let object = state([100, 100, 400, 300], None);
        assert_eq!(choose(&clicks[..1], Some(&object)), Zoom::default());
        assert_eq!(choose(&clicks, None), Zoom::default());
        let old = PixelBox {
            x0: 3,
            y0: 4,
            x1: 300,
            y1: 250,
        };
        let empty = state([0, 0, 0, 0], Some(old));
        let zoom = choose(&clicks, Some(&empty));
        assert_eq!((zoom.shown, zoom.filled), (None, Some(old)));
    }

    #[test]
    fn the_crop_surrounds_object_and_positive_clicks() {
        // Object 100..=199 in x and 200..=239 in y, with a click at x = 210.
        let clicks = [click(210, 220, true), click(590, 490, false)];
        let zoom = choose(&clicks, Some(&state([100, 200, 200, 240], None)));
        // x: centre 155, 1.4 · 111 = 155.4 is below the least side of 200; y likewise, centre 219.5.
        let expected = PixelBox {
            x0: 55,
            y0: 120,
            x1: 255,
            y1: 320,
        };
        assert_eq!(zoom.shown, Some(expected));
        assert_eq!(input_size(expected), [400, 400]);
    }

    #[test]
    fn a_crop_is_kept_until_a_click_leaves_it_or_the_object_does() {
        let old = PixelBox {
            x0: 60,
            y0: 110,
            x1: 260,
            y1: 310,
        };
        let object = state([100, 200, 200, 240], Some(old));
        let inside = [click(150, 220, true), click(160, 220, true)];
        assert_eq!(choose(&inside, Some(&object)).shown, Some(old));
        let on_the_edge = [click(150, 220, true), click(260, 220, true)];
        assert_ne!(choose(&on_the_edge, Some(&object)).shown, Some(old));
        let moved = state([300, 300, 400, 340], Some(old));
        assert_ne!(choose(&inside, Some(&moved)).shown, Some(old));
    }
}
