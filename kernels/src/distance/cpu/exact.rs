//! Squared Euclidean distances in whole numbers of `f32`. See [`squared`].

use rayon::prelude::*;

use super::{
    Window,
    plane::{Plane, scratch},
};
use crate::simd::{Isa, Kernel, Lanes};

/// Sides up to which a squared distance, ring included, is below 2²⁴ and so a whole number in `f32`.
pub(super) const MAX_SIDE: usize = 2048;

/// Numbers beside a row that whole vectors may read: infinite heights.
const MARGIN: usize = 32;

/// Returns the squared distances of the window's pixels, or infinity.
pub(super) fn squared(isa: Isa, window: &Window<'_>) -> Plane<f32> {
    let (height, width) = window.dim();
    let stride = width + 2 + MARGIN;
    let mut values = scratch((height + 2) * stride);
    let grid = &mut values[..(height + 2) * stride];
    isa.run(Columns {
        window,
        grid: &mut *grid,
        stride,
    });
    grid[stride..][..height * stride]
        .par_chunks_mut(stride)
        .with_min_len(32)
        .for_each_init(Vec::new, |squares, line| {
            isa.run(Row { line, squares });
        });
    Plane {
        values,
        first: stride + 1,
        stride,
        dim: (height, width),
    }
}

/// Writes each pixel's distance to the nearest outside pixel of its column, ring included.
struct Columns<'a> {
    window: &'a Window<'a>,
    /// `[height + 2, stride]`
    grid: &'a mut [f32],
    stride: usize,
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(self) {
        let Self {
            window,
            grid,
            stride,
        } = self;
        let rows = grid.len() / stride;
        for row in 0..rows {
            let (above, line) = grid.split_at_mut(row * stride);
            let (line, margin) = line[..stride].split_at_mut(stride - MARGIN);
            window.write_row(row, line, 0.0, f32::INFINITY);
            margin.fill(f32::INFINITY);
            if row > 0 {
                lower(line, &above[(row - 1) * stride..]);
            }
        }
        for row in (1..rows).rev() {
            let (above, below) = grid.split_at_mut(row * stride);
            lower(&mut above[(row - 1) * stride..][..stride - MARGIN], below);
        }
    }
}

/// Lowers each value to one more than its neighbour's in the next row.
#[inline(always)]
fn lower(line: &mut [f32], next: &[f32]) {
    for (value, next) in line.iter_mut().zip(next) {
        let way = next + 1.0;
        *value = if way < *value { way } else { *value };
    }
}

/// Replaces the distances along columns of a row, ring and margin included, by the squared distances
/// `min { (x - i)² + distance[i]² }`.
///
/// The least of these parabolas moves right as `x` does. So the one that is least at the middle of a
/// run parts the candidates of its two halves, and so on down to runs of a vector, whose candidates
/// are then tried on all its pixels at once. A candidate is thus tried once per halving, and in all
/// but the last on `N` candidates at once.
struct Row<'a> {
    line: &'a mut [f32],
    /// The row's squared distances along columns; its content before the call does not matter.
    squares: &'a mut Vec<f32>,
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(self) {
        let Self { line, squares } = self;
        squares.clear();
        squares.extend(line.iter().map(|distance| distance * distance));
        let end = line.len() - MARGIN - 1;
        let mut x = 1;
        while x < end {
            if line[x].to_bits() == 0 {
                x += 1;
                continue;
            }
            // Outside pixels hide what lies beyond them.
            let inside = line[x..end].iter().take_while(|d| d.to_bits() != 0);
            let len = inside.count();
            lower_run::<N>(&mut line[x..x + len], x, squares);
            x += len + 1;
        }
    }
}

/// Pixels, as blocks of a vector, and the candidates among which their least parabolas are.
#[derive(Clone, Copy, Default)]
struct Part {
    blocks: [usize; 2],
    candidates: [usize; 2],
}

/// Writes the squared distances of a run of inside pixels from `first` on.
#[inline(always)]
fn lower_run<const N: usize>(run: &mut [f32], first: usize, squares: &[f32]) {
    let blocks = run.len().div_ceil(N);
    // Halves of halves: as many as a row's blocks have binary digits.
    let mut waiting = [Part::default(); usize::BITS as usize];
    waiting[0] = Part {
        blocks: [0, blocks],
        candidates: [first - 1, first + run.len()],
    };
    let mut count = 1;
    while count > 0 {
        count -= 1;
        let Part {
            blocks: [from, to],
            candidates: [low, high],
        } = waiting[count];
        if to - from == 1 {
            let block = &mut run[from * N..];
            let least = least_at_pixels::<N>(first + from * N, low, high, squares);
            if let Some(block) = block.get_mut(..N) {
                block.copy_from_slice(&least.0);
            } else {
                block.copy_from_slice(&least.0[..block.len()]);
            }
            continue;
        }
        let middle = from.midpoint(to);
        let least = least_candidate::<N>(first + middle * N, low, high, squares);
        waiting[count] = Part {
            blocks: [from, middle],
            candidates: [low, least],
        };
        waiting[count + 1] = Part {
            blocks: [middle, to],
            candidates: [least, high],
        };
        count += 2;
    }
}

/// Returns the candidate whose parabola is least at `x`, from `low` to `high`; beyond it, the margin
/// or parabolas that are greater there.
#[inline(always)]
fn least_candidate<const N: usize>(x: usize, low: usize, high: usize, squares: &[f32]) -> usize {
    let mut least = Lanes::<N>::splat(f32::INFINITY);
    let mut argument = Lanes::<N>::ZERO;
    let mut away = Lanes::<N>(std::array::from_fn(|i| (low + i) as f32 - x as f32));
    let step = Lanes::splat(N as f32);
    for squares in squares[low..].chunks_exact(N).take((high - low) / N + 1) {
        let value = away.fma(away, Lanes::load(squares));
        for i in 0..N {
            let is_less = value.0[i] < least.0[i];
            least.0[i] = if is_less { value.0[i] } else { least.0[i] };
            argument.0[i] = if is_less { away.0[i] } else { argument.0[i] };
        }
        away += step;
    }
    let mut best = (f32::INFINITY, low as f32 - x as f32);
    for i in 0..N {
        if least.0[i] < best.0 {
            best = (least.0[i], argument.0[i]);
        }
    }
    (x as f32 + best.1) as usize
}

/// Returns the least value of the candidates from `low` to `high` at `N` pixels from `x` on.
#[inline(always)]
fn least_at_pixels<const N: usize>(x: usize, low: usize, high: usize, squares: &[f32]) -> Lanes<N> {
    // Two at a time, each with sums of its own. One beyond the last is a candidate too, or infinite.
    let mut least = [Lanes::<N>::splat(f32::INFINITY); 2];
    let away = |low: usize| Lanes(std::array::from_fn(|i| (x + i) as f32 - low as f32));
    let mut away = [away(low), away(low + 1)];
    let step = Lanes::splat(2.0);
    let pairs = (high - low) / 2 + 1;
    for squares in squares[low..].chunks_exact(2).take(pairs) {
        for i in 0..2 {
            least[i] = least[i].min(away[i].fma(away[i], Lanes::splat(squares[i])));
            away[i] = away[i] - step;
        }
    }
    least[0].min(least[1])
}
