//! A product by tiles in shared memory, for graphics processors. See [`launch`].
#![expect(
    unsafe_code,
    reason = "indices are clamped here; a second check per load would cost half the speed"
)]

use cubecl::prelude::*;

use super::{
    Buffers, Store,
    blueprint::SharedTile,
    geometry::{Sizes, SizesLaunch, element, locate, place},
};
use crate::gpu::{
    Gpu,
    dispatch::fold,
    epilogue::{Steps, finish},
};

/// Launches one cube per tile of outputs.
pub(super) fn launch(
    gpu: &Gpu,
    tile: SharedTile,
    buffers: Buffers<'_>,
    [rows, padded_columns]: [usize; 2],
    sizes: SizesLaunch,
    steps: Steps,
    store: Store,
) {
    let (y, z) = fold(rows.div_ceil(tile.side()));
    let x = padded_columns / tile.side();
    // SAFETY: loads are clamped to the buffers by `element`, stores are guarded, and weights are
    // padded to whole tiles.
    unsafe {
        product_tile::launch_unchecked(
            gpu.client(),
            CubeCount::Static(x as u32, y, z),
            CubeDim::new_1d((tile.units * tile.units) as u32),
            buffers.x.arg(),
            buffers.weight.arg(),
            buffers.bias.arg(),
            buffers.residual.arg(),
            buffers.y.arg(),
            sizes,
            tile,
            steps,
            store,
        );
    }
}

/// A cube computes a square of outputs, a unit `per_unit`² of it in registers, `units` apart.
/// Shared: `units` elements of the runs of all its rows, and of the weights of all its columns,
/// both element-major. The cube synchronises before and after each load of them.
#[cube(launch_unchecked)]
fn product_tile(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    residual: &[f32],
    y: &mut [f32],
    sizes: Sizes,
    #[comptime] tile: SharedTile,
    #[comptime] steps: Steps,
    #[comptime] store: Store,
) {
    let units = comptime!(tile.units);
    let per_unit = comptime!(tile.per_unit);
    let side = comptime!(tile.units * tile.per_unit);
    let unit_x = UNIT_POS_X as usize % units;
    let unit_y = UNIT_POS_X as usize / units;
    let column0 = CUBE_POS_X as usize * side;
    let row0 = (CUBE_POS_Y as usize + CUBE_POS_Z as usize * CUBE_COUNT_Y as usize) * side;

    let mut patches = Shared::<[f32]>::new_slice(comptime!(units * side));
    let mut weights = Shared::<[f32]>::new_slice(comptime!(units * side));
    let mut sums = Array::<f32>::new(comptime!(per_unit * per_unit));
    #[unroll]
    for i in 0..comptime!(per_unit * per_unit) {
        sums[i] = 0.0f32;
    }
    for a in 0..sizes.kernel_rows {
        let mut first = Array::<i32>::new(per_unit);
        let mut from = Array::<i32>::new(per_unit);
        let mut to = Array::<i32>::new(per_unit);
        #[unroll]
        for i in 0..per_unit {
            let run = locate(&sizes, row0 + unit_y + comptime!(i * units), a);
            first[i] = run.first;
            from[i] = run.from;
            to[i] = run.to;
        }
        for e0 in range_stepped(0, sizes.padded_run, units) {
            sync_cube();
            // Neighbouring units load neighbouring elements of a run, and neighbouring columns.
            #[unroll]
            for i in 0..per_unit {
                let row = unit_y + comptime!(i * units);
                patches[unit_x * side + row] =
                    element(x, first[i], from[i], to[i], (e0 + unit_x) as i32);
                let column = unit_x + comptime!(i * units);
                weights[unit_y * side + column] = weight[(a * sizes.padded_run + e0 + unit_y)
                    * sizes.padded_columns
                    + column0
                    + column];
            }
            sync_cube();
            for e in 0..units {
                let mut p = Array::<f32>::new(per_unit);
                let mut w = Array::<f32>::new(per_unit);
                #[unroll]
                for i in 0..per_unit {
                    p[i] = patches[e * side + unit_y + comptime!(i * units)];
                    w[i] = weights[e * side + unit_x + comptime!(i * units)];
                }
                #[unroll]
                for i in 0..per_unit {
                    #[unroll]
                    for q in 0..per_unit {
                        let s = comptime!(i * per_unit + q);
                        sums[s] = fma(p[i], w[q], sums[s]);
                    }
                }
            }
        }
    }
    #[unroll]
    for i in 0..per_unit {
        #[unroll]
        for q in 0..per_unit {
            let row = row0 + unit_y + comptime!(i * units);
            let column = column0 + unit_x + comptime!(q * units);
            if row < sizes.rows && column < sizes.columns {
                let at = place(&sizes, row, column, store);
                y[at] = finish(
                    sums[comptime!(i * per_unit + q)],
                    bias,
                    residual,
                    at,
                    column,
                    steps,
                );
            }
        }
    }
}
