//! A product on tensor cores. See [`launch`].
#![expect(
    unsafe_code,
    reason = "indices are clamped here; a second check per load would cost half the speed"
)]
#![expect(
    clippy::too_many_lines,
    reason = "shared memory and tensor cores' matrices live in one kernel body"
)]

use cubecl::{
    cmma::{self, Matrix, MatrixIdent, MatrixLayout},
    prelude::*,
};

use super::{
    Buffers, Ends, Geometry, PackedWeights,
    blueprint::MatrixTile,
    geometry::{Sizes, SizesLaunch, locate, place},
};
use crate::gpu::{Gpu, MATRIX, MATRIX_PLANE, dispatch::fold, epilogue::finish};

/// Weights are loaded in fours, which one instruction does.
type Four = Const<4>;

/// Numbers added to the rows of tiles in shared memory, so that the rows of a matrix lie in
/// different banks and still begin where matrices may.
const PAD: usize = 8;

/// Launches one cube per tile of outputs.
pub(super) fn launch<P: Float>(
    gpu: &Gpu,
    tile: MatrixTile,
    buffers: Buffers<'_>,
    geometry: &Geometry,
    weights: &PackedWeights,
    sizes: SizesLaunch,
    ends: Ends,
) {
    let [tile_rows, tile_columns] = tile.sides();
    let (y, z) = fold(geometry.rows.div_ceil(tile_rows));
    let x = weights.columns().div_ceil(tile_columns);
    // Vectors of a patch must not cross the sides of an image or of a run.
    let whole = geometry.channels.is_multiple_of(4) && geometry.pitch.is_multiple_of(4);
    let width = if whole { 4 } else { 1 };
    // SAFETY: loads are clamped to the buffers, stores are guarded, and weights are padded to
    // whole tiles.
    unsafe {
        product_matrix::launch_unchecked::<P>(
            gpu.client(),
            CubeCount::Static(x as u32, y, z),
            CubeDim::new_2d(MATRIX_PLANE, (tile.planes[0] * tile.planes[1]) as u32),
            width,
            buffers.x.arg(),
            buffers.weight.arg(),
            buffers.bias.arg(),
            buffers.residual.arg(),
            buffers.y.arg(),
            sizes,
            width,
            tile,
            ends,
        );
    }
}

/// A plane has `tile.matrices` of the cube's outputs on its tensor cores. Shared: `tile.depth`
/// elements of the runs of all the cube's rows, rounded, and of the weights of all its columns;
/// while the planes multiply one depth, the units load the next into registers. The cube
/// synchronises before and after each store of them. In the end, each plane's matrices pass
/// through shared memory of its own, where only the plane synchronises.
#[cube(launch_unchecked)]
fn product_matrix<P: Float, N: Size>(
    x: &[Vector<f32, N>],
    weight: &[Vector<P, Four>],
    bias: &[f32],
    residual: &[f32],
    y: &mut [f32],
    sizes: Sizes,
    #[comptime] width: usize,
    #[comptime] tile: MatrixTile,
    #[comptime] ends: Ends,
) {
    let units = comptime!(tile.units());
    let depth = comptime!(tile.depth);
    let [tile_rows, tile_columns] = comptime!(tile.sides());
    let row0 = (CUBE_POS_Y as usize + CUBE_POS_Z as usize * CUBE_COUNT_Y as usize) * tile_rows;
    let column0 = CUBE_POS_X as usize * tile_columns;
    let unit = UNIT_POS as usize;
    let plane = UNIT_POS_Y as usize;
    let plane_row = plane / comptime!(tile.planes[1]) * comptime!(tile.matrices[0] * MATRIX);
    let plane_column = plane % comptime!(tile.planes[1]) * comptime!(tile.matrices[1] * MATRIX);

    let x_pitch = comptime!(depth + PAD);
    let w_pitch = comptime!(tile_columns + PAD);
    let mut patches = Shared::<[Vector<P, N>]>::new_aligned_slice(
        comptime!(tile_rows * x_pitch / width),
        32usize,
    );
    let mut weights =
        Shared::<[Vector<P, Four>]>::new_aligned_slice(comptime!(depth * w_pitch / 4), 32usize);
    let mut sums = Sequence::<Matrix<f32>>::new();
    #[unroll]
    for _ in 0..comptime!(tile.matrices[0] * tile.matrices[1]) {
        sums.push(Matrix::<f32>::from_value(
            MatrixIdent::Accumulator,
            MATRIX,
            MATRIX,
            MATRIX,
            MatrixLayout::Undefined,
            0.0f32,
        ));
    }

    // A unit loads the same element of every `x_step`-th row, and the same columns of every
    // `w_step`-th element's weights.
    let across = comptime!(depth / width);
    let x_step = comptime!(units / across);
    let x_loads = comptime!(tile_rows / x_step);
    let w_across = comptime!(tile_columns / 4);
    let w_step = comptime!(units / w_across);
    let w_loads = comptime!(depth / w_step);
    let own_element = unit % across * width;
    let own_row = unit / across;
    let own_column = unit % w_across;
    let own_weight = unit / w_across;

    for a in 0..sizes.kernel_rows {
        let mut first = Array::<i32>::new(x_loads);
        let mut from = Array::<i32>::new(x_loads);
        let mut to = Array::<i32>::new(x_loads);
        #[unroll]
        for i in 0..x_loads {
            let run = locate(&sizes, row0 + own_row + comptime!(i * x_step), a);
            first[i] = run.first;
            from[i] = run.from;
            to[i] = run.to;
        }
        let mut next_x = Array::<Vector<f32, N>>::new(x_loads);
        let mut next_w = Array::<Vector<P, Four>>::new(w_loads);
        for e0 in range_stepped(0, sizes.padded_run + depth, depth) {
            // Before the first round there is nothing to store, after the last nothing to load.
            if e0 > 0 {
                sync_cube();
                #[unroll]
                for i in 0..x_loads {
                    let at = (own_row + comptime!(i * x_step)) * x_pitch + own_element;
                    patches[at / width] = Vector::cast_from(next_x[i]);
                }
                #[unroll]
                for i in 0..w_loads {
                    let at = (own_weight + comptime!(i * w_step)) * comptime!(w_pitch / 4);
                    weights[at + own_column] = next_w[i];
                }
                sync_cube();
            }
            if e0 < sizes.padded_run {
                let e = (e0 + own_element) as i32;
                #[unroll]
                for i in 0..x_loads {
                    // The load is unconditional, so that all units take one way.
                    let inside = e >= from[i] && e < to[i];
                    let at = select(inside, first[i] + e, 0) as usize;
                    next_x[i] = select(inside, x[at / width], Vector::new(0.0f32));
                }
                #[unroll]
                for i in 0..w_loads {
                    let element = a * sizes.padded_run + e0 + own_weight + comptime!(i * w_step);
                    let at = element * sizes.padded_columns + column0;
                    next_w[i] = weight[at / 4 + own_column];
                }
            }
            if e0 > 0 {
                #[unroll]
                for k in 0..comptime!(depth / MATRIX) {
                    let mut p = Sequence::<Matrix<Vector<P, N>>>::new();
                    #[unroll]
                    for i in 0..comptime!(tile.matrices[0]) {
                        let row = plane_row + comptime!(i * MATRIX);
                        let at = row * x_pitch + comptime!(k * MATRIX);
                        let end = patches.len();
                        p.push(Matrix::<Vector<P, N>>::from_slice(
                            MatrixIdent::A,
                            MATRIX,
                            MATRIX,
                            MATRIX,
                            MatrixLayout::RowMajor,
                            &patches[at / width..end],
                            x_pitch as u32,
                        ));
                    }
                    #[unroll]
                    for q in 0..comptime!(tile.matrices[1]) {
                        let column = plane_column + comptime!(q * MATRIX);
                        let at = comptime!(k * MATRIX * w_pitch) + column;
                        let end = weights.len();
                        let w = Matrix::<Vector<P, Four>>::from_slice(
                            MatrixIdent::B,
                            MATRIX,
                            MATRIX,
                            MATRIX,
                            MatrixLayout::RowMajor,
                            &weights[at / 4..end],
                            w_pitch as u32,
                        );
                        #[unroll]
                        for i in 0..comptime!(tile.matrices[0]) {
                            let s = comptime!(i * tile.matrices[1] + q);
                            cmma::execute(&p[i], &w, &sums[s], &sums[s]);
                        }
                    }
                }
            }
        }
    }

    let area = comptime!(MATRIX * MATRIX);
    let lane = UNIT_POS_X as usize;
    let mut results = Shared::<[f32]>::new_aligned_slice(
        comptime!(area * units / MATRIX_PLANE as usize),
        32usize,
    );
    #[unroll]
    for i in 0..comptime!(tile.matrices[0]) {
        #[unroll]
        for q in 0..comptime!(tile.matrices[1]) {
            // The matrix before this one may still be read.
            sync_plane();
            let end = results.len();
            cmma::store(
                &mut results[plane * area..end],
                &sums[comptime!(i * tile.matrices[1] + q)],
                MATRIX as u32,
                MatrixLayout::RowMajor,
            );
            sync_plane();
            #[unroll]
            for t in 0..comptime!(area / MATRIX_PLANE as usize) {
                let k = comptime!(t * MATRIX_PLANE as usize) + lane;
                let row = row0 + plane_row + comptime!(i * MATRIX) + k / MATRIX;
                let column = column0 + plane_column + comptime!(q * MATRIX) + k % MATRIX;
                if row < sizes.rows && column < sizes.columns {
                    let at = place(&sizes, row, column, ends.store);
                    let sum = results[plane * area + k];
                    y[at] = finish(sum, bias, residual, at, column, ends.steps);
                }
            }
        }
    }
}
