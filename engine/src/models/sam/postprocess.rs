//! From low-resolution logits to masks of the slice's size. See [`threshold`].
//!
//! The reference (`Sam.postprocess_masks`) resizes the logits to the frame, cuts the padding off,
//! resizes to the slice and asks which are positive. The same is done here row by row, so that
//! neither of the two large maps is ever stored.

use ndarray::{Array2, ArrayView2};

use super::{Geometry, Size};

/// Returns where the logits, brought to the slice's size, are positive: `[height, width]`.
///
/// `logits` is square and covers the whole frame, padding included.
pub fn threshold(logits: ArrayView2<'_, f32>, geometry: &Geometry) -> Array2<bool> {
    let (height, width) = (geometry.slice.height, geometry.slice.width);
    let mut positive = Vec::with_capacity(height * width);
    for_each_row(logits, geometry, |row| {
        positive.extend(row.iter().map(|&logit| logit > 0.0));
    });
    Array2::from_shape_vec((height, width), positive).expect("one value was pushed per pixel")
}

/// Returns where the probabilities that the logits stand for, brought to the slice's size in one
/// bilinear step, exceed one half: `[height, width]`. `logits` covers the slice alone.
///
/// Near an edge this is not where the logits themselves would be positive
/// (`medsam_inference` of `MedSAM_Inference.py`).
pub fn threshold_probabilities(logits: ArrayView2<'_, f32>, slice: Size) -> Array2<bool> {
    let logits = logits.as_standard_layout();
    let probabilities = logits.mapv(|logit| 1.0 / (1.0 + libm::expf(-logit)));
    let mut to_slice = Resize::new(logits.dim(), (slice.height, slice.width), slice.width);
    let mut row = vec![0.0; slice.width];
    let mut inside = Vec::with_capacity(slice.height * slice.width);
    for y in 0..slice.height {
        to_slice.row(y, &mut row, |index, columns, into| {
            let of_map = probabilities.row(index);
            columns.gather(of_map.as_slice().expect("it is in standard layout"), into);
        });
        inside.extend(row.iter().map(|&probability| probability > 0.5));
    }
    Array2::from_shape_vec((slice.height, slice.width), inside)
        .expect("one value was pushed per pixel")
}

/// Visits the rows of the logits at the slice's size, from top to bottom.
///
/// Both resizes are bilinear with half-pixel centres (`align_corners=False`), columns before rows.
pub fn for_each_row(
    logits: ArrayView2<'_, f32>,
    geometry: &Geometry,
    mut visit: impl FnMut(&[f32]),
) {
    let logits = logits.as_standard_layout();
    let Geometry {
        slice,
        input,
        frame,
        ..
    } = *geometry;
    // Only the input's columns of a frame row are ever needed: the rest is padding.
    let mut to_frame = Resize::new(logits.dim(), (frame, frame), input.width);
    let from = (input.height, input.width);
    let mut to_slice = Resize::new(from, (slice.height, slice.width), slice.width);
    let mut frame_row = vec![0.0; input.width];
    let mut slice_row = vec![0.0; slice.width];
    for y in 0..slice.height {
        to_slice.row(y, &mut slice_row, |of_frame, columns, into| {
            to_frame.row(of_frame, &mut frame_row, |of_logits, columns, into| {
                let row = logits.row(of_logits);
                columns.gather(row.as_slice().expect("it is in standard layout"), into);
            });
            columns.gather(&frame_row, into);
        });
        visit(&slice_row);
    }
}

/// A bilinear resize whose result is asked for row by row, downwards.
struct Resize {
    rows: Taps,
    columns: Taps,
    /// Rows of the map at the result's width.
    held: RowPair,
}

impl Resize {
    /// From one height and width to another, of which the first `width` columns are wanted.
    fn new(from: (usize, usize), to: (usize, usize), width: usize) -> Self {
        Self {
            rows: Taps::new(from.0, to.0),
            columns: Taps::new(from.1, to.1),
            held: RowPair::new(width),
        }
    }

    /// Computes a row of the result. `gather` resizes a row of the map, by these columns.
    fn row(
        &mut self,
        y: usize,
        into: &mut [f32],
        mut gather: impl FnMut(usize, &Taps, &mut [f32]),
    ) {
        for index in self.rows.pair(y) {
            let columns = &self.columns;
            self.held.ensure(index, |wide| gather(index, columns, wide));
        }
        self.held.blend(&self.rows, y, into);
    }
}

/// The two neighbours of each output position along one axis, and how they are weighed.
struct Taps {
    /// The first neighbour and, the same at the end of the axis, the second.
    neighbours: Vec<[u32; 2]>,
    /// The second neighbour's weight.
    second: Vec<f32>,
}

impl Taps {
    /// Of a bilinear resize with half-pixel centres, in f32 as PyTorch computes it.
    fn new(from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        let position = |i: usize| (scale * (i as f32 + 0.5) - 0.5).max(0.0);
        let first = |i: usize| (position(i) as usize).min(from - 1);
        Self {
            neighbours: (0..to)
                .map(|i| [first(i) as u32, (first(i) + 1).min(from - 1) as u32])
                .collect(),
            second: (0..to)
                .map(|i| (position(i) - first(i) as f32).clamp(0.0, 1.0))
                .collect(),
        }
    }

    fn pair(&self, i: usize) -> [usize; 2] {
        self.neighbours[i].map(|neighbour| neighbour as usize)
    }

    /// Resizes a row; as many outputs as `into` holds.
    fn gather(&self, row: &[f32], into: &mut [f32]) {
        for ((value, &[a, b]), &second) in into.iter_mut().zip(&self.neighbours).zip(&self.second) {
            *value = row[a as usize] * (1.0 - second) + row[b as usize] * second;
        }
    }
}

/// The two latest rows of a map that is walked downwards; neighbours differ in parity.
struct RowPair {
    rows: [Vec<f32>; 2],
    held: [Option<usize>; 2],
}

impl RowPair {
    fn new(width: usize) -> Self {
        Self {
            rows: [vec![0.0; width], vec![0.0; width]],
            held: [None; 2],
        }
    }

    /// Computes the row unless it is there.
    fn ensure(&mut self, index: usize, fill: impl FnOnce(&mut [f32])) {
        let slot = index % 2;
        if self.held[slot] != Some(index) {
            fill(&mut self.rows[slot]);
            self.held[slot] = Some(index);
        }
    }

    /// Interpolates between the two rows that belong to output position `i`.
    fn blend(&self, taps: &Taps, i: usize, into: &mut [f32]) {
        let [a, b] = taps.pair(i).map(|row| &self.rows[row % 2]);
        let second = taps.second[i];
        for ((value, a), b) in into.iter_mut().zip(a).zip(b) {
            *value = a * (1.0 - second) + b * second;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    /// The definition: both maps stored.
    fn resize(map: &Array2<f32>, to: (usize, usize)) -> Array2<f32> {
        let (rows, columns) = (Taps::new(map.nrows(), to.0), Taps::new(map.ncols(), to.1));
        Array2::from_shape_fn(to, |(y, x)| {
            let ([top, bottom], [left, right]) = (rows.pair(y), columns.pair(x));
            let (down, along) = (rows.second[y], columns.second[x]);
            let across = |row| map[[row, left]] * (1.0 - along) + map[[row, right]] * along;
            across(top) * (1.0 - down) + across(bottom) * down
        })
    }

    fn noise(side: usize, seed: u32) -> Array2<f32> {
        Array2::from_shape_fn((side, side), |(y, x)| {
            let hash = (y as u32 * 31 + x as u32)
                .wrapping_add(seed)
                .wrapping_mul(2_654_435_761);
            hash as f32 / u32::MAX as f32 - 0.5
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn rows_equal_two_stored_resizes(height in 1_usize..90, width in 1_usize..90, seed: u32) {
            let geometry = Geometry::new(height, width, 64);
            let logits = noise(16, seed);
            let frame = resize(&logits, (64, 64));
            let cropped = frame
                .slice(ndarray::s![..geometry.input.height, ..geometry.input.width])
                .to_owned();
            let expected = resize(&cropped, (height, width));
            let mut rows = Vec::new();
            for_each_row(logits.view(), &geometry, |row| rows.extend_from_slice(row));
            prop_assert_eq!(&rows, &expected.iter().copied().collect::<Vec<_>>());
            let mask = threshold(logits.view(), &geometry);
            prop_assert!(mask.iter().zip(&rows).all(|(&bit, &logit)| bit == (logit > 0.0)));
        }
    }

    #[test]
    fn probabilities_are_interpolated_not_logits() {
        // Between logits of -1 and 9 the logits cross zero after a tenth of the way, the
        // probabilities one half near the middle: (0.5 - p(-1)) / (p(9) - p(-1)) = 0.316.
        let logits = ndarray::array![[-1.0_f32, 9.0]];
        let size = Size {
            height: 1,
            width: 200,
        };
        let inside = threshold_probabilities(logits.view(), size);
        let first = inside.iter().position(|&inside| inside);
        // Pixel i lies at (i + 0.5) / 100 - 0.5 between the two.
        assert_eq!(first, Some(82));
        let constant = |logit| Array2::from_elem((4, 4), logit);
        let size = Size {
            height: 3,
            width: 7,
        };
        for (logit, expected) in [(0.0, false), (1e-3, true), (-200.0, false), (200.0, true)] {
            let mask = threshold_probabilities(constant(logit).view(), size);
            assert_eq!(mask, Array2::from_elem((3, 7), expected), "{logit}");
        }
    }

    #[test]
    fn constant_logits_give_constant_masks() {
        let geometry = Geometry::new(37, 91, 64);
        for (logit, expected) in [(0.0, false), (1e-6, true), (-1e-6, false)] {
            let mask = threshold(Array2::from_elem((16, 16), logit).view(), &geometry);
            assert_eq!(mask, Array2::from_elem((37, 91), expected));
        }
    }
}
