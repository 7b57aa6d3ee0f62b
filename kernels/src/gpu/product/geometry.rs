//! Where a product reads its patches and writes its results. See [`Geometry`].

use cubecl::prelude::*;

use super::PackedWeights;

/// The images that patches are cut from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    /// Output pixels of all images.
    pub(crate) rows: usize,
    /// Rows of an input image.
    pub(crate) height: usize,
    /// Numbers of a row of an input image: width · channels.
    pub(crate) pitch: usize,
    /// Rows and columns of an output image.
    pub(crate) output: [usize; 2],
    /// Rows of the input between rows of the output.
    pub(crate) stride: usize,
    /// Rows of zeros above the input.
    pub(crate) padding: usize,
    /// Channels of the input.
    pub(crate) channels: usize,
}

impl Geometry {
    /// Returns the geometry of `rows` rows of `channels` numbers.
    pub(crate) fn of_rows(rows: usize, channels: usize) -> Self {
        Self {
            rows,
            height: 1,
            pitch: rows * channels,
            output: [1, rows],
            stride: 1,
            padding: 0,
            channels,
        }
    }

    /// Returns the kernel's argument.
    pub(super) fn launch(&self, weights: &PackedWeights) -> SizesLaunch {
        SizesLaunch::new(
            self.rows,
            self.height,
            self.pitch,
            self.output[1],
            self.output[0] * self.output[1],
            self.stride,
            self.padding,
            self.stride * self.channels,
            self.padding * self.channels,
            weights.kernel_rows,
            weights.run,
            weights.padded_run,
            weights.columns(),
            weights.padded_columns,
        )
    }
}

/// Where a result is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Store {
    /// `[rows, columns]`.
    Rows,
    /// Columns are `[2, 2, outputs]`, and each pixel becomes a square of 2 × 2.
    Doubled,
}

/// A product's sizes, as kernels see them.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) rows: usize,
    pub(super) height: usize,
    pub(super) pitch: usize,
    pub(super) out_width: usize,
    pub(super) out_area: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    /// Numbers between the runs of neighbouring output pixels.
    pub(super) step: usize,
    /// Numbers by which the first run begins left of its image row.
    pub(super) lead: usize,
    pub(super) kernel_rows: usize,
    pub(super) run: usize,
    pub(super) padded_run: usize,
    pub(super) columns: usize,
    pub(super) padded_columns: usize,
}

/// Where a run lies: element `e` at `first + e`, and zero unless `from <= e < to`.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Run {
    pub(super) first: i32,
    pub(super) from: i32,
    pub(super) to: i32,
}

/// Returns the run of output `row` in row `a` of the kernel. Rows past the end read the last one.
#[cube]
pub(super) fn locate(sizes: &Sizes, row: usize, a: usize) -> Run {
    let row = min(row, sizes.rows - 1);
    let image = row / sizes.out_area;
    let pixel = row % sizes.out_area;
    let start = (pixel % sizes.out_width * sizes.step) as i32 - sizes.lead as i32;
    let y = (pixel / sizes.out_width * sizes.stride + a) as i32 - sizes.padding as i32;
    let inside = y >= 0 && y < sizes.height as i32;
    let end = min(sizes.run as i32, sizes.pitch as i32 - start);
    Run {
        first: ((image * sizes.height) as i32 + y) * sizes.pitch as i32 + start,
        from: max(-start, 0),
        to: select(inside, end, 0),
    }
}

/// Returns element `e` of a run.
#[cube]
pub(super) fn element(x: &[f32], first: i32, from: i32, to: i32, e: i32) -> f32 {
    let inside = e >= from && e < to;
    // The load is unconditional, so that all lanes take one way.
    let at = select(inside, first + e, 0);
    let value = x[at as usize];
    select(inside, value, 0.0f32)
}

/// Returns where the result of `row` and `column` goes.
#[cube]
pub(super) fn place(sizes: &Sizes, row: usize, column: usize, #[comptime] store: Store) -> usize {
    match comptime!(store) {
        Store::Rows => row * sizes.columns + column,
        Store::Doubled => {
            let outputs = sizes.columns / 4;
            let square = column / outputs;
            // Rows above in all images; each is twice as long and stands for two.
            let y = row / sizes.out_width * 2 + square / 2;
            let x = row % sizes.out_width * 2 + square % 2;
            (y * sizes.out_width * 2 + x) * outputs + column % outputs
        }
    }
}
