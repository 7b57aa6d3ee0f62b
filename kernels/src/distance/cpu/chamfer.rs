//! Distances as sums of steps, in two passes. See [`distances`].

use super::{
    Window,
    plane::{Plane, scratch},
};
use crate::{
    distance::problem::Steps,
    simd::{Isa, Kernel, Lanes},
};

/// Rows that are swept together. A row's sum of steps along it waits for one pixel after the other;
/// the rows of a band wait at the same time.
const BAND: usize = 16;

/// By how many blocks a row is ahead of the next one: its knight's moves reach into the block after.
const LEAD: usize = 2;

/// Returns the distances of the window's pixels.
pub(super) fn distances(isa: Isa, window: &Window<'_>, steps: Steps) -> Plane<f32> {
    let (height, width) = window.dim();
    // The box, its ring, and one more ring that only knight's moves read.
    let stride = width + 4;
    let mut values = scratch((height + 4) * stride);
    isa.run(Transform {
        window,
        grid: &mut values[..(height + 4) * stride],
        stride,
        steps,
    });
    Plane {
        values,
        first: 2 * stride + 2,
        stride,
        dim: (height, width),
    }
}

/// Both passes over a window and two rings around it.
struct Transform<'a> {
    window: &'a Window<'a>,
    /// `[height + 4, stride]`
    grid: &'a mut [f32],
    stride: usize,
    steps: Steps,
}

impl Kernel for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(mut self) {
        let height = self.grid.len() / self.stride - 4;
        self.grid[..self.stride].fill(f32::INFINITY);
        self.write_row(1);
        for first in (0..height).step_by(BAND) {
            let rows = BAND.min(height - first);
            for row in 0..rows {
                self.write_row(first + row + 2);
            }
            self.sweep::<N, false>(first + 2, rows);
        }
        self.write_row(height + 2);
        self.grid[(height + 3) * self.stride..].fill(f32::INFINITY);
        for beyond in (1..=height).rev().step_by(BAND) {
            self.sweep::<N, true>(beyond + 1, BAND.min(beyond));
        }
    }
}

impl Transform<'_> {
    /// Writes what is known of a row of the grid before any step: 0 outside the mask.
    #[inline(always)]
    fn write_row(&mut self, row: usize) {
        let line = &mut self.grid[row * self.stride..][..self.stride];
        let [before, ring @ .., after] = line else {
            return;
        };
        [*before, *after] = [f32::INFINITY; 2];
        self.window.write_row(row - 1, ring, 0.0, f32::INFINITY);
    }

    /// Lowers each value of some rows to the shortest way through those before it: above and left of
    /// it, or `BACK` in the other direction, where `first` is the lowest row.
    ///
    /// In a step, each row takes a block that needs nothing of the others' blocks of this step.
    #[inline(always)]
    fn sweep<const N: usize, const BACK: bool>(&mut self, first: usize, rows: usize) {
        let width = self.stride - 4;
        if width < N {
            for row in 0..rows {
                let row = if BACK { first - row } else { first + row };
                self.lower_row::<BACK>(row);
            }
            return;
        }
        let blocks = width.div_ceil(N);
        for step in 0..blocks + LEAD * (rows - 1) {
            let begun = (step / LEAD + 1).min(rows);
            let ended = (step + 1).saturating_sub(blocks).div_ceil(LEAD);
            let block = |row: usize| {
                // The last block overlaps the one before, which changes nothing.
                let column = ((step - LEAD * row) * N).min(width - N);
                if BACK {
                    (first - row) * self.stride + 2 + width - N - column
                } else {
                    (first + row) * self.stride + 2 + column
                }
            };
            // All rows' vectors are written before the first is read again: its numbers one by one.
            for row in ended..begun {
                lower_by_rows::<N, BACK>(self.grid, block(row), self.stride, self.steps);
            }
            for row in ended..begun {
                lower_along::<N, BACK>(self.grid, block(row), self.steps.axis);
            }
        }
    }

    /// Lowers the values of a row that is shorter than a vector.
    #[inline(always)]
    fn lower_row<const BACK: bool>(&mut self, row: usize) {
        for column in 2..self.stride - 2 {
            let column = if BACK {
                self.stride - 1 - column
            } else {
                column
            };
            let at = row * self.stride + column;
            lower_by_rows::<1, BACK>(self.grid, at, self.stride, self.steps);
            lower_along::<1, BACK>(self.grid, at, self.steps.axis);
        }
    }
}

/// Lowers the `N` values from `at` on by what does not depend on their own row.
#[inline(always)]
fn lower_by_rows<const N: usize, const BACK: bool>(
    grid: &mut [f32],
    at: usize,
    stride: usize,
    steps: Steps,
) {
    let Steps {
        axis,
        diagonal,
        knight,
    } = steps;
    let [near, far] = if BACK {
        [at + stride, at + 2 * stride]
    } else {
        [at - stride, at - 2 * stride]
    };
    let near = &grid[near - 2..][..N + 4];
    let far = &grid[far - 1..][..N + 2];
    let load = |line: &[f32], offset: usize| Lanes::<N>::load(&line[offset..]);
    let straight = load(near, 2) + Lanes::splat(axis);
    let aslant = load(near, 1).min(load(near, 3)) + Lanes::splat(diagonal);
    let jump = load(near, 0).min(load(near, 4));
    let jump = jump.min(load(far, 0).min(load(far, 2))) + Lanes::splat(knight);
    let ways = straight.min(aslant).min(jump);
    let line = &mut grid[at..][..N];
    let lowered = Lanes::<N>::load(line).min(ways);
    line.copy_from_slice(&lowered.0);
}

/// Lowers the `N` values from `at` on by the way along the row from the one before.
#[inline(always)]
fn lower_along<const N: usize, const BACK: bool>(grid: &mut [f32], at: usize, axis: f32) {
    let line = &mut grid[at - 1..][..N + 2];
    if BACK {
        let mut right = line[N + 1];
        for value in line[1..=N].iter_mut().rev() {
            right = lesser(*value, right + axis);
            *value = right;
        }
    } else {
        let mut left = line[0];
        for value in &mut line[1..=N] {
            left = lesser(*value, left + axis);
            *value = left;
        }
    }
}

/// One instruction, unlike `f32::min`, which minds NaN.
#[inline(always)]
fn lesser(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}
