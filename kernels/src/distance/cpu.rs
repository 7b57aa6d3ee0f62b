//! Distances inside the mask's bounding box, in time linear in its pixels (but for a logarithm in the
//! exact metric). See [`Window`].

mod chamfer;
mod envelope;
mod exact;
mod plane;

use std::{borrow::Cow, ops::Range};

use ndarray::{Array2, ArrayView2};

use super::problem::Steps;
use crate::simd::Isa;

pub(super) use plane::Plane;

/// The bounding box of a mask. What lies beyond its ring of one pixel cannot be nearest: the ring
/// has a pixel that is nearer by the same steps.
pub(super) struct Window<'a> {
    /// Rows of the image.
    pub(super) rows: Range<usize>,
    /// Columns of the image.
    pub(super) columns: Range<usize>,
    /// The whole mask, row by row in memory.
    mask: Cow<'a, [bool]>,
    /// Columns of the whole mask.
    image_width: usize,
    border_is_background: bool,
}

impl<'a> Window<'a> {
    /// Returns the bounding box of the mask, or `None` if the mask is empty.
    pub(super) fn around(mask: ArrayView2<'a, bool>, border_is_background: bool) -> Option<Self> {
        let image_width = mask.ncols();
        let mask = match mask.to_slice() {
            Some(mask) => Cow::Borrowed(mask),
            None => Cow::Owned(mask.iter().copied().collect()),
        };
        let lines = || mask.chunks_exact(image_width.max(1));
        let rows = span(lines().map(|line| line.iter().fold(false, |any, &inside| any | inside)))?;
        let mut occupied = vec![false; image_width];
        for line in lines().skip(rows.start).take(rows.len()) {
            for (occupied, &inside) in occupied.iter_mut().zip(line) {
                *occupied |= inside;
            }
        }
        let columns = span(occupied.into_iter())?;
        Some(Self {
            rows,
            columns,
            mask,
            image_width,
            border_is_background,
        })
    }

    /// Returns `[height, width]` of the box.
    fn dim(&self) -> (usize, usize) {
        (self.rows.len(), self.columns.len())
    }

    /// Returns the distances as sums of steps.
    pub(super) fn chamfer(&self, steps: Steps) -> Plane<f32> {
        chamfer::distances(Isa::best(), self, steps)
    }

    /// Whether the window's squared Euclidean distances are whole numbers in `f32`.
    pub(super) fn is_exact_in_f32(&self) -> bool {
        let (height, width) = self.dim();
        height.max(width) <= exact::MAX_SIDE
    }

    /// Returns the squared Euclidean distances in whole numbers, or infinity where nothing is outside.
    ///
    /// [`Self::is_exact_in_f32`] must hold.
    pub(super) fn squared(&self) -> Plane<f32> {
        exact::squared(Isa::best(), self)
    }

    /// Returns the squared Euclidean distances of a window of any size, or
    /// [`NO_OUTSIDE`](super::problem::NO_OUTSIDE).
    pub(super) fn squared_whole(&self) -> Plane<u64> {
        envelope::squared(&self.outside())
    }

    /// Whether a pixel is outside the mask: `[rows + 2, columns + 2]`, the box and its ring.
    fn outside(&self) -> Array2<bool> {
        let (height, width) = self.dim();
        let mut outside = Array2::from_elem((height + 2, width + 2), false);
        for (row, mut outside) in outside.rows_mut().into_iter().enumerate() {
            let outside = outside.as_slice_mut().expect("a new array is contiguous");
            self.write_row(row, outside, true, false);
        }
        outside
    }

    /// Writes `outside` or `inside` for each pixel of a row of the box and its ring, from the ring's
    /// first row on.
    #[inline(always)]
    fn write_row<T: Copy>(&self, row: usize, values: &mut [T], outside: T, inside: T) {
        let beyond = if self.border_is_background {
            outside
        } else {
            inside
        };
        let Some(mask) = self.image_row(row) else {
            values.fill(beyond);
            return;
        };
        // The ring's columns, where they are in the image.
        let left = usize::from(self.columns.start == 0);
        let known = self.columns.start.saturating_sub(1)..mask.len().min(self.columns.end + 1);
        let right = left + known.len();
        values[..left].fill(beyond);
        for (value, &is_inside) in values[left..right].iter_mut().zip(&mask[known]) {
            *value = if is_inside { inside } else { outside };
        }
        values[right..].fill(beyond);
    }

    /// Returns a row of the image by its number in the ring, or `None` if it is beyond the image.
    #[inline(always)]
    fn image_row(&self, row: usize) -> Option<&[bool]> {
        let row = (self.rows.start + row).checked_sub(1)?;
        self.mask.chunks_exact(self.image_width).nth(row)
    }
}

/// Returns the range from the first to the last occupied index.
fn span(
    mut occupied: impl DoubleEndedIterator<Item = bool> + ExactSizeIterator,
) -> Option<Range<usize>> {
    let start = occupied.position(|occupied| occupied)?;
    let last = occupied.rposition(|occupied| occupied);
    Some(start..start + last.map_or(1, |beyond| beyond + 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::problem::{CHAMFER5, NO_OUTSIDE};
    use super::*;

    /// Few holes, or many.
    fn masks() -> impl Strategy<Value = Array2<bool>> {
        let holes = prop_oneof![Just(0.0), Just(0.003), Just(0.2)];
        (1_usize..70, 1_usize..150, holes).prop_flat_map(|(height, width, holes)| {
            proptest::collection::vec(proptest::bool::weighted(1.0 - holes), height * width)
                .prop_map(move |bits| Array2::from_shape_vec((height, width), bits).expect("fits"))
        })
    }

    /// Returns the bits of what a plane holds.
    fn bits<T: Copy + Default + PartialOrd>(
        plane: &Plane<T>,
        dim: (usize, usize),
        as_f32: impl Fn(T) -> f32,
    ) -> Vec<u32> {
        let mut values = Array2::zeros(dim);
        plane.write(values.view_mut(), as_f32);
        values.mapv(f32::to_bits).into_raw_vec_and_offset().0
    }

    proptest! {
        #[test]
        fn every_instruction_set_gives_the_same(mask in masks(), border: bool) {
            let Some(window) = Window::around(mask.view(), border) else {
                return Ok(());
            };
            let squares = |square| if square >= NO_OUTSIDE { f32::INFINITY } else { square as f32 };
            let whole = bits(&window.squared_whole(), window.dim(), squares);
            let baseline = Isa::available().pop().expect("there is a baseline");
            let chamfer = bits(&chamfer::distances(baseline, &window, CHAMFER5), window.dim(), |d| d);
            for isa in Isa::available() {
                let exact = exact::squared(isa, &window);
                prop_assert_eq!(&bits(&exact, window.dim(), |d| d), &whole, "{}", isa.name());
                exact.keep();
                let steps = chamfer::distances(isa, &window, CHAMFER5);
                prop_assert_eq!(&bits(&steps, window.dim(), |d| d), &chamfer, "{}", isa.name());
                steps.keep();
            }
        }
    }

    #[test]
    fn whole_numbers_of_f32_reach_as_far_as_is_said() {
        // The farthest pixel of the largest window, from its only outside pixel.
        let mut mask = Array2::from_elem((exact::MAX_SIDE, exact::MAX_SIDE), true);
        let last = exact::MAX_SIDE - 1;
        mask[[last, last]] = false;
        let window = Window::around(mask.view(), false).expect("not empty");
        assert!(window.is_exact_in_f32());
        let (farthest, _) = window.squared().greatest();
        assert_eq!(farthest as usize, 2 * last.pow(2));
        let long = Array2::from_elem((1, exact::MAX_SIDE + 1), true);
        let window = Window::around(long.view(), true).expect("not empty");
        assert!(!window.is_exact_in_f32());
    }
}
