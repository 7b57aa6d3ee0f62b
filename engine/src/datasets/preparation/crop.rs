//! What of a slice is shown. See [`Crop`].

use std::ops;

use ndarray::{Array2, s};
use serde::Deserialize;

use crate::{
    datasets::{SliceData, Window},
    metrics::bounds,
};

/// A rectangle of a slice, in pixels as a viewer shows it. What lies outside is cut off, of the
/// image, of the objects and of the foreground; a rectangle that reaches beyond the slice is cut
/// there. An object of which nothing is left is no task.
///
/// Clicks and boxes in rows are counted in the cropped slice. Normalising comes before: extremes
/// and percentiles of a slice are those of the whole slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Crop {
    /// This one.
    Rectangle {
        /// First row.
        top: u32,
        /// First column.
        left: u32,
        /// Number of rows.
        height: u32,
        /// Number of columns.
        width: u32,
    },
    /// Height and width, in the middle of the slice; with an odd rest one more pixel is cut off at
    /// the bottom and at the right.
    Centre(u32, u32),
    /// The tight box around everything in the foreground, with a margin on all sides. It tells the
    /// model where to look.
    Objects {
        /// In pixels.
        margin: u32,
    },
}

/// First and one past the last.
type Range = [usize; 2];

impl Crop {
    /// Crops a slice; `None` if no object is left.
    pub(super) fn cut(self, slice: SliceData) -> Option<SliceData> {
        let [rows, columns] = self.rectangle(&slice.foreground)?;
        cut(slice, rows, columns)
    }

    /// Returns rows and columns within the slice; `None` if there are none.
    fn rectangle(self, foreground: &Array2<bool>) -> Option<[Range; 2]> {
        let (height, width) = foreground.dim();
        let within = |first: usize, length: u32, all: usize| {
            let end = first.saturating_add(length as usize).min(all);
            (first < end).then_some([first, end])
        };
        match self {
            Self::Rectangle {
                top,
                left,
                height: rows,
                width: columns,
            } => Some([
                within(top as usize, rows, height)?,
                within(left as usize, columns, width)?,
            ]),
            Self::Centre(rows, columns) => Some([
                within(height.saturating_sub(rows as usize) / 2, rows, height)?,
                within(width.saturating_sub(columns as usize) / 2, columns, width)?,
            ]),
            Self::Objects { margin } => {
                let margin = margin as usize;
                let (rows, columns) = bounds(foreground.view())?;
                let around = |tight: ops::Range<usize>, all: usize| {
                    let end = tight.end.saturating_add(margin).min(all);
                    [tight.start.saturating_sub(margin), end]
                };
                Some([around(rows, height), around(columns, width)])
            }
        }
    }
}

/// Leaves these rows and columns, and the objects that show there; `None` if there are none.
fn cut(mut slice: SliceData, [top, bottom]: Range, [left, right]: Range) -> Option<SliceData> {
    let window = s![top..bottom, left..right];
    for mask in &mut slice.masks {
        mask.bitmap = mask.bitmap.slice(window).to_owned();
    }
    slice
        .masks
        .retain(|mask| mask.bitmap.iter().any(|&inside| inside));
    if slice.masks.is_empty() {
        return None;
    }
    let (height, width) = slice.foreground.dim();
    slice.origin.window = Some(Window {
        whole: [height, width],
        corner: [top, left],
    });
    slice.foreground = slice.foreground.slice(window).to_owned();
    slice.pixels = slice
        .pixels
        .slice(s![top..bottom, left..right, ..])
        .to_owned();
    Some(slice)
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;
    use proptest::prelude::*;

    use super::*;
    use crate::datasets::{ObjectMask, Origin};

    /// A slice of 6 × 8 pixels, each showing its place, with an object in the given pixels.
    fn slice(inside: &[(usize, usize)]) -> SliceData {
        let bitmap = Array2::from_shape_fn((6, 8), |place| inside.contains(&place));
        SliceData {
            index: 3,
            pixels: Array3::from_shape_fn((6, 8, 3), |(y, x, _)| (10 * y + x) as u8),
            foreground: bitmap.clone(),
            masks: vec![ObjectMask { object: 0, bitmap }],
            spacing_mm: Some([1.0, 2.0]),
            origin: Origin::default(),
        }
    }

    /// Returns the first and last pixel shown.
    fn ends(crop: Crop, inside: &[(usize, usize)]) -> Option<[u8; 2]> {
        let cropped = crop.cut(slice(inside))?;
        let (height, width, _) = cropped.pixels.dim();
        assert_eq!(cropped.foreground.dim(), (height, width));
        assert_eq!(cropped.masks[0].bitmap, cropped.foreground);
        Some([
            cropped.pixels[[0, 0, 0]],
            cropped.pixels[[height - 1, width - 1, 2]],
        ])
    }

    #[test]
    fn rectangles_lie_where_they_are_said_to() {
        let rectangle = |top, left, height, width| Crop::Rectangle {
            top,
            left,
            height,
            width,
        };
        let object = [(2, 3), (3, 5)];
        assert_eq!(ends(rectangle(1, 2, 3, 4), &object), Some([12, 35]));
        assert_eq!(ends(rectangle(2, 3, 99, u32::MAX), &object), Some([23, 57]));
        assert_eq!(ends(rectangle(4, 0, 2, 8), &object), None);
        assert_eq!(ends(rectangle(9, 0, 2, 8), &object), None);
        assert_eq!(ends(rectangle(0, 0, 0, 0), &object), None);
        assert_eq!(ends(Crop::Centre(3, 4), &object), Some([12, 35]));
        assert_eq!(ends(Crop::Centre(100, 2), &object), Some([3, 54]));
        assert_eq!(ends(Crop::Objects { margin: 0 }, &object), Some([23, 35]));
        assert_eq!(ends(Crop::Objects { margin: 1 }, &object), Some([12, 46]));
        assert_eq!(
            ends(Crop::Objects { margin: u32::MAX }, &object),
            Some([0, 57])
        );
    }

    proptest! {
        #[test]
        fn an_object_is_never_cut_by_its_own_box(inside in prop::collection::vec((0..6_usize, 0..8_usize), 1..9), margin in 0..9_u32) {
            let before = slice(&inside);
            let count = |slice: &SliceData| slice.foreground.iter().filter(|&&inside| inside).count();
            let pixels = count(&before);
            let after = Crop::Objects { margin }.cut(before).expect("the object is there");
            prop_assert_eq!(count(&after), pixels);
        }
    }
}
