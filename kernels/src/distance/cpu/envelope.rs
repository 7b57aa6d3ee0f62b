//! Squared Euclidean distances of any size, in `i64`. See [`squared`].

use ndarray::{Array2, s};
use rayon::prelude::*;

use super::plane::Plane;
use crate::distance::problem::NO_OUTSIDE;

/// The distance along a column without an outside: the root of [`NO_OUTSIDE`].
const NO_OUTSIDE_IN_COLUMN: i64 = 1 << (NO_OUTSIDE.trailing_zeros() / 2);

/// Returns the squared Euclidean distances of the pixels inside a ring, or [`NO_OUTSIDE`].
///
/// `outside` says which pixels of the window and its ring are outside the mask.
pub(super) fn squared(outside: &Array2<bool>) -> Plane<u64> {
    let (height, width) = (outside.nrows() - 2, outside.ncols() - 2);
    let columns = distances_in_columns(outside);
    let mut squared = vec![0; height * width];
    squared
        .par_chunks_mut(width)
        .enumerate()
        .with_min_len(32)
        .for_each_init(Envelope::default, |envelope, (row, squared)| {
            let heights = columns.row(row + 1);
            envelope.lower(heights.as_slice().expect("rows are contiguous"));
            envelope.write(squared);
        });
    Plane {
        values: squared,
        first: 0,
        stride: width,
        dim: (height, width),
    }
}

/// Returns each pixel's distance to the nearest outside pixel of its column, ring included.
fn distances_in_columns(outside: &Array2<bool>) -> Array2<i64> {
    let mut distances = outside.mapv(|outside| if outside { 0 } else { NO_OUTSIDE_IN_COLUMN });
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
