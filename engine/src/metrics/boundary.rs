//! The rims of masks, and how well two agree. See [`boundary_iou`].

use std::ops::Range;

use ndarray::{Array2, ArrayView1, ArrayView2, Zip, s};

/// How wide a rim is, as a share of the slice's diagonal (Cheng et al. 2021).
const RIM: f64 = 0.02;

/// Returns the IoU of the rims of two bitmaps, `[height, width]` each: of their pixels that are at
/// most 2 % of the slice's diagonal from the outline (Cheng et al., *Boundary IoU: Improving
/// Object-Centric Image Segmentation Evaluation*, CVPR 2021, with its authors' erosion by 3 × 3
/// squares). It is in pixels, whatever their size. Outside the slice is background.
///
/// NaN if both are empty, 0 if one is; a mask that is nowhere wider than two rims is all rim.
///
/// # Panics
/// When the shapes differ: both bitmaps are of the same slice by construction.
pub fn boundary_iou(predicted: ArrayView2<'_, bool>, truth: ArrayView2<'_, bool>) -> f64 {
    assert_eq!(predicted.dim(), truth.dim(), "bitmaps of different slices");
    let width = rim_width(truth.dim());
    let (predicted, truth) = (rim(predicted, width), rim(truth, width));
    let (mut both, mut either) = (0_u64, 0_u64);
    Zip::from(&predicted).and(&truth).for_each(|&p, &t| {
        both += u64::from(p & t);
        either += u64::from(p | t);
    });
    both as f64 / either as f64
}

/// Returns how wide a rim is on a slice of `(height, width)` pixels: at least one pixel.
pub(super) fn rim_width((height, width): (usize, usize)) -> usize {
    let diagonal = f64::hypot(height as f64, width as f64);
    // Ties go to the even number, as in the authors' Python.
    ((RIM * diagonal).round_ties_even() as usize).max(1)
}

/// Returns the pixels of a mask that are at most `width` king's moves from the outside.
fn rim(mask: ArrayView2<'_, bool>, width: usize) -> Array2<bool> {
    let mut rim = mask.to_owned();
    let Some((rows, columns)) = bounds(mask) else {
        return rim;
    };
    let mut inside = rim.slice_mut(s![rows, columns]);
    let kept = erode(inside.view(), width);
    inside.zip_mut_with(&kept, |rim, &kept| *rim &= !kept);
    rim
}

/// Returns the pixels that are in a mask with all their neighbours up to `by` king's moves away;
/// outside the array is not in it.
pub(super) fn erode(mask: ArrayView2<'_, bool>, by: usize) -> Array2<bool> {
    let along_rows = shrink_rows(mask, by);
    shrink_rows(along_rows.t(), by).reversed_axes()
}

/// Takes `by` pixels off both ends of each run of a row.
fn shrink_rows(mask: ArrayView2<'_, bool>, by: usize) -> Array2<bool> {
    let mut shrunk = Array2::from_elem(mask.dim(), false);
    for (row, mut shrunk) in mask.rows().into_iter().zip(shrunk.rows_mut()) {
        let mut start = 0;
        for end in 0..=row.len() {
            if end < row.len() && row[end] {
                continue;
            }
            if end > start + 2 * by {
                shrunk.slice_mut(s![start + by..end - by]).fill(true);
            }
            start = end + 1;
        }
    }
    shrunk
}

/// Returns the pixels of a mask with a neighbour along a row or a column that is not in it; outside
/// the array is not in it.
pub(super) fn edge(mask: ArrayView2<'_, bool>) -> Array2<bool> {
    let (height, width) = mask.dim();
    Array2::from_shape_fn((height, width), |(y, x)| {
        mask[[y, x]]
            && !(y > 0
                && y + 1 < height
                && x > 0
                && x + 1 < width
                && mask[[y - 1, x]]
                && mask[[y + 1, x]]
                && mask[[y, x - 1]]
                && mask[[y, x + 1]])
    })
}

/// Returns the rows and the columns that a mask reaches; `None` if it is empty.
pub(crate) fn bounds(mask: ArrayView2<'_, bool>) -> Option<(Range<usize>, Range<usize>)> {
    let occupied = |lane: ArrayView1<'_, bool>| lane.iter().any(|&inside| inside);
    let span = |mut lanes: ndarray::iter::LanesIter<'_, bool, ndarray::Ix1>| {
        let first = lanes.position(occupied)?;
        let more = lanes.rposition(occupied).map_or(0, |last| last + 1);
        Some(first..first + 1 + more)
    };
    let rows = span(mask.rows().into_iter())?;
    let columns = span(mask.slice(s![rows.clone(), ..]).columns().into_iter())?;
    Some((rows, columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn bounds_are_tight() {
        let mut mask = Array2::from_elem((5, 6), false);
        assert_eq!(bounds(mask.view()), None);
        mask[[1, 4]] = true;
        assert_eq!(bounds(mask.view()), Some((1..2, 4..5)));
        mask[[3, 2]] = true;
        assert_eq!(bounds(mask.view()), Some((1..4, 2..5)));
        mask.fill(true);
        assert_eq!(bounds(mask.view()), Some((0..5, 0..6)));
    }

    #[test]
    fn erosion_takes_corners_too() {
        let mask = array![
            [1, 1, 1, 1, 1],
            [1, 1, 1, 1, 1],
            [1, 1, 1, 1, 1],
            [1, 1, 1, 1, 0],
        ]
        .mapv(|value| value == 1);
        let eroded = erode(mask.view(), 1).mapv(u8::from);
        assert_eq!(
            eroded,
            array![
                [0, 0, 0, 0, 0],
                [0, 1, 1, 1, 0],
                [0, 1, 1, 0, 0],
                [0, 0, 0, 0, 0],
            ]
        );
        let shrunk = edge(mask.view()).mapv(u8::from);
        assert_eq!(shrunk.row(2), array![1, 0, 0, 0, 1]);
        assert_eq!(
            erode(mask.view(), 2).iter().filter(|&&kept| kept).count(),
            0
        );
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "0 and 1 by definition, not by rounding")]
    fn empty_full_and_single_masks_are_defined() {
        let (none, all) = (
            Array2::from_elem((20, 30), false),
            Array2::from_elem((20, 30), true),
        );
        let mut one = none.clone();
        one[[7, 7]] = true;
        assert!(boundary_iou(none.view(), none.view()).is_nan());
        assert_eq!(boundary_iou(none.view(), one.view()), 0.0);
        assert_eq!(boundary_iou(one.view(), one.view()), 1.0);
        assert_eq!(boundary_iou(all.view(), all.view()), 1.0);
        assert_eq!(
            boundary_iou(one.view(), all.view()),
            0.0,
            "far from the rim"
        );
    }
}
