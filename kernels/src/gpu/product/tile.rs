//! A product by tiles in shared memory, for graphics processors. See [`launch`].
#![expect(
    unsafe_code,
    reason = "indices are clamped here; a second check per load would cost half the speed"
)]

use cubecl::prelude::*;

use super::{
    Buffers, Ends, Geometry, PackedWeights,
    blueprint::SharedTile,
    geometry::{Sizes, SizesLaunch, element, locate, place},
};
use crate::gpu::{Gpu, dispatch::fold, epilogue::finish, precision::rounded};

/// Four numbers, which one instruction loads.
type Four = Const<4>;

/// Launches one cube per tile of outputs.
pub(super) fn launch<P: Float>(
    gpu: &Gpu,
    tile: SharedTile,
    buffers: Buffers<'_>,
    geometry: &Geometry,
    weights: &PackedWeights,
    sizes: SizesLaunch,
    ends: Ends,
) {
    let (y, z) = fold(geometry.rows.div_ceil(tile.side()));
    let x = weights.columns().div_ceil(tile.side());
    // SAFETY: loads are clamped to the buffers by `element`, stores are guarded, and weights are
    // padded to whole tiles.
    unsafe {
        product_tile::launch_unchecked::<P>(
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
            ends,
        );
    }
}

/// A cube computes a square of outputs, a unit blocks of 4 × 4 of it in registers, `4 · units`
/// apart. Shared: `units` elements of the runs of all its rows, and of the weights of all its
/// columns, both element-major in vectors of 4. The cube synchronises before and after each load
/// of them.
#[cube(launch_unchecked)]
fn product_tile<P: Float>(
    x: &[f32],
    weight: &[Vector<P, Four>],
    bias: &[f32],
    residual: &[f32],
    y: &mut [f32],
    sizes: Sizes,
    #[comptime] tile: SharedTile,
    #[comptime] ends: Ends,
) {
    let units = comptime!(tile.units);
    let vectors = comptime!(tile.vectors);
    let side = comptime!(4 * units * vectors);
    // One vector more per element, so that units that store neighbouring elements use different
    // banks.
    let pitch = comptime!(units * vectors + 1);
    let unit_x = UNIT_POS_X as usize % units;
    let unit_y = UNIT_POS_X as usize / units;
    let column0 = CUBE_POS_X as usize * side;
    let row0 = (CUBE_POS_Y as usize + CUBE_POS_Z as usize * CUBE_COUNT_Y as usize) * side;

    let mut patches = Shared::<[Vector<f32, Four>]>::new_slice(comptime!(units * pitch));
    let mut weights = Shared::<[Vector<f32, Four>]>::new_slice(comptime!(units * pitch));
    // Row r of block row i, block column q: (i · 4 + r) · vectors + q.
    let mut sums = Array::<Vector<f32, Four>>::new(comptime!(4 * vectors * vectors));
    #[unroll]
    for s in 0..comptime!(4 * vectors * vectors) {
        sums[s] = Vector::new(0.0f32);
    }
    for a in 0..sizes.kernel_rows {
        let mut first = Array::<i32>::new(comptime!(4 * vectors));
        let mut from = Array::<i32>::new(comptime!(4 * vectors));
        let mut to = Array::<i32>::new(comptime!(4 * vectors));
        #[unroll]
        for i in 0..vectors {
            #[unroll]
            for r in 0..4usize {
                let row = row0 + (unit_y + comptime!(i * units)) * 4 + r;
                let run = locate(&sizes, row, a);
                first[comptime!(i * 4 + r)] = run.first;
                from[comptime!(i * 4 + r)] = run.from;
                to[comptime!(i * 4 + r)] = run.to;
            }
        }
        for e0 in range_stepped(0, sizes.padded_run, units) {
            sync_cube();
            #[unroll]
            for i in 0..vectors {
                // Neighbouring units load neighbouring elements of 4 rows' runs.
                let mut patch = Vector::<f32, Four>::empty();
                #[unroll]
                for r in 0..4usize {
                    let k = comptime!(i * 4 + r);
                    let value = element(x, first[k], from[k], to[k], (e0 + unit_x) as i32);
                    patch.insert(r, rounded::<P>(value));
                }
                patches[unit_x * pitch + unit_y + comptime!(i * units)] = patch;
                let at = (a * sizes.padded_run + e0 + unit_y) * sizes.padded_columns + column0;
                let w = weight[at / 4 + unit_x + comptime!(i * units)];
                weights[unit_y * pitch + unit_x + comptime!(i * units)] = Vector::cast_from(w);
            }
            sync_cube();
            for e in 0..units {
                #[unroll]
                for i in 0..vectors {
                    let p = patches[e * pitch + unit_y + comptime!(i * units)];
                    #[unroll]
                    for q in 0..vectors {
                        let w = weights[e * pitch + unit_x + comptime!(q * units)];
                        #[unroll]
                        for r in 0..4usize {
                            let s = comptime!((i * 4 + r) * vectors + q);
                            sums[s] = fma(Vector::new(p.extract(r)), w, sums[s]);
                        }
                    }
                }
            }
        }
    }
    #[unroll]
    for i in 0..vectors {
        #[unroll]
        for r in 0..4usize {
            let row = row0 + (unit_y + comptime!(i * units)) * 4 + r;
            #[unroll]
            for q in 0..vectors {
                let sum = sums[comptime!((i * 4 + r) * vectors + q)];
                #[unroll]
                for c in 0..4usize {
                    let column = column0 + (unit_x + comptime!(q * units)) * 4 + c;
                    if row < sizes.rows && column < sizes.columns {
                        let at = place(&sizes, row, column, ends.store);
                        y[at] = finish(sum.extract(c), bias, residual, at, column, ends.steps);
                    }
                }
            }
        }
    }
}
