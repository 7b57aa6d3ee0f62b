//! Distances inside the mask's bounding box, in time linear in its pixels. See [`Window`].

use std::ops::Range;

use ndarray::{Array2, ArrayView1, ArrayView2, s};
use rayon::prelude::*;

use super::problem::{NO_OUTSIDE, Steps};
use crate::simd::{Isa, Kernel};

/// The distance along a column without an outside: the root of [`NO_OUTSIDE`].
const NO_OUTSIDE_IN_COLUMN: i64 = 1 << (NO_OUTSIDE.trailing_zeros() / 2);

/// The bounding box of a mask. What lies beyond its ring of one pixel cannot be nearest: the ring
/// has a pixel that is nearer by the same steps.
pub(super) struct Window {
    /// Rows of the image.
    pub(super) rows: Range<usize>,
    /// Columns of the image.
    pub(super) columns: Range<usize>,
    /// Whether a pixel is outside the mask: `[rows + 2, columns + 2]`, the box and its ring.
    outside: Array2<bool>,
}

impl Window {
    /// Returns the bounding box of the mask, or `None` if the mask is empty.
    pub(super) fn around(mask: ArrayView2<bool>, border_is_background: bool) -> Option<Self> {
        let occupied = |lane: ArrayView1<bool>| lane.iter().any(|&inside| inside);
        let rows = span(mask.rows().into_iter().map(occupied))?;
        let band = mask.slice(s![rows.clone(), ..]);
        let columns = span(band.columns().into_iter().map(occupied))?;

        // The ring's rows and columns, where they are in the image.
        let [top, left] = [rows.start, columns.start].map(|start| usize::from(start == 0));
        let ring = |range: &Range<usize>, len: usize| {
            range.start.saturating_sub(1)..len.min(range.end + 1)
        };
        let (height, width) = mask.dim();
        let known = mask.slice(s![ring(&rows, height), ring(&columns, width)]);
        let dim = (rows.len() + 2, columns.len() + 2);
        let mut outside = Array2::from_elem(dim, border_is_background);
        outside
            .slice_mut(s![top..top + known.nrows(), left..left + known.ncols()])
            .zip_mut_with(&known, |outside, &inside| *outside = !inside);
        Some(Self {
            rows,
            columns,
            outside,
        })
    }

    /// Returns `[height, width]` of the box.
    fn dim(&self) -> (usize, usize) {
        (self.rows.len(), self.columns.len())
    }

    /// Returns the distances as sums of steps, in two passes.
    pub(super) fn chamfer(&self, steps: Steps) -> Array2<f32> {
        // The box, its ring, and one more ring that only knight's moves read.
        let (height, width) = self.dim();
        let mut grid = Array2::from_elem((height + 4, width + 4), f32::INFINITY);
        grid.slice_mut(s![1..=height + 2, 1..=width + 2])
            .zip_mut_with(&self.outside, |distance, &outside| {
                if outside {
                    *distance = 0.0;
                }
            });
        let stride = width + 4;
        let mut grid = grid.into_raw_vec_and_offset().0;
        let isa = Isa::best();
        // The second pass is the first one seen from the other corner.
        for _ in 0..2 {
            isa.run(Sweep {
                grid: &mut grid,
                stride,
                steps,
            });
            grid.reverse();
        }
        Array2::from_shape_vec((height + 4, stride), grid)
            .expect("the vector was taken from an array of this shape")
            .slice_move(s![2..height + 2, 2..width + 2])
    }

    /// Returns the squared Euclidean distances, or [`NO_OUTSIDE`].
    pub(super) fn squared(&self) -> Array2<u64> {
        let (height, width) = self.dim();
        let columns = self.distances_in_columns();
        let mut squared = Array2::zeros((height, width));
        squared
            .as_slice_mut()
            .expect("a new array is contiguous")
            .par_chunks_mut(width)
            .enumerate()
            .with_min_len(32)
            .for_each_init(Envelope::default, |envelope, (row, squared)| {
                envelope.lower(
                    columns
                        .row(row + 1)
                        .as_slice()
                        .expect("rows are contiguous"),
                );
                envelope.write(squared);
            });
        squared
    }

    /// Returns each pixel's distance to the nearest outside pixel of its column, ring included.
    fn distances_in_columns(&self) -> Array2<i64> {
        let mut distances = self
            .outside
            .mapv(|outside| if outside { 0 } else { NO_OUTSIDE_IN_COLUMN });
        let height = distances.nrows();
        for (from, to) in (1..height)
            .map(|row| (row - 1, row))
            .chain((1..height).rev().map(|row| (row, row - 1)))
        {
            let (from, mut to) = distances.multi_slice_mut((s![from, ..], s![to, ..]));
            to.zip_mut_with(&from, |to, &from| *to = (*to).min(from + 1));
        }
        distances
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

/// Lowers each value inside two rings to the shortest way through the values above it and left
/// of it.
struct Sweep<'a> {
    /// `[rows, stride]`
    grid: &'a mut [f32],
    stride: usize,
    steps: Steps,
}

impl Kernel for Sweep<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(self) {
        let stride = self.stride;
        for row in 2..self.grid.len() / stride - 2 {
            let (above, below) = self.grid.split_at_mut(row * stride);
            let (above2, above1) = above[(row - 2) * stride..].split_at(stride);
            lower_by_rows_above(&mut below[..stride], above1, above2, self.steps);
            lower_along(&mut below[1..stride - 2], self.steps.axis);
        }
    }
}

/// Lowers the values by what does not depend on their own row: whole vectors at a time.
#[inline(always)]
fn lower_by_rows_above(current: &mut [f32], above1: &[f32], above2: &[f32], steps: Steps) {
    let Steps {
        axis,
        diagonal,
        knight,
    } = steps;
    let inside = current.len() - 4;
    // Values beside those inside, from two to the left to two to the right.
    let near: [&[f32]; 5] = std::array::from_fn(|offset| &above1[offset..][..inside]);
    let far: [&[f32]; 2] = [1, 3].map(|offset: usize| &above2[offset..][..inside]);
    let current = &mut current[2..][..inside];
    for i in 0..inside {
        let straight = lesser(near[2][i] + axis, lesser(near[1][i], near[3][i]) + diagonal);
        let jump = lesser(lesser(near[0][i], near[4][i]), lesser(far[0][i], far[1][i])) + knight;
        current[i] = lesser(current[i], lesser(straight, jump));
    }
}

/// Lowers the values by the way along the row from the first.
#[inline(always)]
fn lower_along(values: &mut [f32], axis: f32) {
    let mut left = f32::INFINITY;
    for value in values {
        left = lesser(*value, left + axis);
        *value = left;
    }
}

/// One instruction, unlike `f32::min`, which minds NaN.
#[inline(always)]
fn lesser(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The lower envelope of the parabolas `(x - i)² + height[i]²`, one per pixel of a row: its value
/// at `x` is the squared distance. After Meijster, Roerdink and Hesselink (2000), phase 2.
#[derive(Default)]
struct Envelope {
    /// From `start` on, the parabola with its vertex at `(vertex, squared)` is the lowest.
    parts: Vec<Parabola>,
}

struct Parabola {
    start: i64,
    vertex: i64,
    squared: i64,
}

impl Parabola {
    fn at(&self, x: i64) -> i64 {
        (x - self.vertex).pow(2) + self.squared
    }

    /// Returns the first pixel from which `right`, whose vertex is further right, is lower.
    fn overtaken_by(&self, right: &Self) -> i64 {
        let rise = right.vertex.pow(2) - self.vertex.pow(2) + right.squared - self.squared;
        rise.div_euclid(2 * (right.vertex - self.vertex)) + 1
    }
}

impl Envelope {
    /// Builds the envelope of a row.
    fn lower(&mut self, heights: &[i64]) {
        self.parts.clear();
        for (vertex, &height) in heights.iter().enumerate() {
            let mut new = Parabola {
                start: 0,
                vertex: vertex as i64,
                squared: height.pow(2),
            };
            while let Some(last) = self.parts.last() {
                if last.at(last.start) <= new.at(last.start) {
                    new.start = last.overtaken_by(&new);
                    break;
                }
                self.parts.pop();
            }
            if new.start < heights.len() as i64 {
                self.parts.push(new);
            }
        }
    }

    /// Writes the envelope's values inside the ring.
    fn write(&self, squared: &mut [u64]) {
        let mut parts = self.parts.iter().peekable();
        let mut part = parts.next().expect("a row has at least one parabola");
        for (x, squared) in (1..).zip(squared) {
            while let Some(next) = parts.next_if(|next| next.start <= x) {
                part = next;
            }
            *squared = part.at(x) as u64;
        }
    }
}
