//! A product by planes, for software devices. See [`launch`].
#![expect(
    unsafe_code,
    reason = "indices are clamped here; a second check per load would cost half the speed"
)]

use cubecl::prelude::*;

use super::{
    Buffers, Ends, Geometry, PackedWeights,
    blueprint::PlaneTile,
    geometry::{Sizes, SizesLaunch, element, locate, place},
};
use crate::gpu::{Gpu, dispatch::fold, epilogue::finish, precision::rounded};

/// Launches one plane per tile of outputs.
pub(super) fn launch<P: Float>(
    gpu: &Gpu,
    tile: PlaneTile,
    buffers: Buffers<'_>,
    geometry: &Geometry,
    weights: &PackedWeights,
    sizes: SizesLaunch,
    ends: Ends,
) {
    let (y, z) = fold(geometry.rows.div_ceil(tile.rows));
    let x = weights.padded_columns / (tile.plane as usize * tile.columns);
    // SAFETY: loads are clamped to the buffers by `element`, stores are guarded, and weights are
    // padded to whole tiles.
    unsafe {
        product_plane::launch_unchecked::<P>(
            gpu.client(),
            CubeCount::Static(x as u32, y, z),
            CubeDim::new_1d(tile.plane),
            buffers.x.arg(),
            buffers.weight.arg(),
            buffers.bias.arg(),
            buffers.residual.arg(),
            buffers.y.arg(),
            sizes,
            tile,
            ends,
        );
    }
}

/// A unit sums `tile.rows` × `tile.columns` outputs in registers. For each block of `plane`
/// elements of the runs, the plane loads one element per unit and row, and hands each to all its
/// units in turn.
#[cube(launch_unchecked)]
fn product_plane<P: Float>(
    x: &[f32],
    weight: &[P],
    bias: &[f32],
    residual: &[f32],
    y: &mut [f32],
    sizes: Sizes,
    #[comptime] tile: PlaneTile,
    #[comptime] ends: Ends,
) {
    let plane = comptime!(tile.plane as usize);
    let rows = comptime!(tile.rows);
    let columns = comptime!(tile.columns);
    let lane = UNIT_POS_X as usize;
    let column0 = CUBE_POS_X as usize * comptime!(plane * columns) + lane;
    let row0 = (CUBE_POS_Y as usize + CUBE_POS_Z as usize * CUBE_COUNT_Y as usize) * rows;

    let mut sums = Array::<f32>::new(comptime!(rows * columns));
    #[unroll]
    for i in 0..comptime!(rows * columns) {
        sums[i] = 0.0f32;
    }
    for a in 0..sizes.kernel_rows {
        let mut first = Array::<i32>::new(rows);
        let mut from = Array::<i32>::new(rows);
        let mut to = Array::<i32>::new(rows);
        #[unroll]
        for i in 0..rows {
            let run = locate(&sizes, row0 + i, a);
            first[i] = run.first;
            from[i] = run.from;
            to[i] = run.to;
        }
        for e0 in range_stepped(0, sizes.padded_run, plane) {
            let e = (e0 + lane) as i32;
            let mut block = Array::<f32>::new(rows);
            #[unroll]
            for i in 0..rows {
                block[i] = rounded::<P>(element(x, first[i], from[i], to[i], e));
            }
            let at = (a * sizes.padded_run + e0) * sizes.padded_columns + column0;
            #[unroll]
            for j in 0..comptime!(tile.plane) {
                let mut w = Array::<f32>::new(columns);
                #[unroll]
                for q in 0..columns {
                    let w_at =
                        at + comptime!(j as usize) * sizes.padded_columns + comptime!(q * plane);
                    w[q] = f32::cast_from(weight[w_at]);
                }
                #[unroll]
                for i in 0..rows {
                    let value = plane_broadcast(block[i], j);
                    #[unroll]
                    for q in 0..columns {
                        let s = comptime!(i * columns + q);
                        sums[s] = fma(value, w[q], sums[s]);
                    }
                }
            }
        }
    }
    #[unroll]
    for i in 0..rows {
        #[unroll]
        for q in 0..columns {
            let row = row0 + i;
            let column = column0 + comptime!(q * plane);
            if row < sizes.rows && column < sizes.columns {
                let at = place(&sizes, row, column, ends.store);
                y[at] = finish(
                    sums[comptime!(i * columns + q)],
                    bias,
                    residual,
                    at,
                    column,
                    ends.steps,
                );
            }
        }
    }
}
