//! Attention by tiles in shared memory, for graphics processors. See [`launch`].
#![expect(
    unsafe_code,
    reason = "indices are clamped here; a second check per load would cost half the speed"
)]

use cubecl::prelude::*;

use super::{
    Shape, Sizes, SizesLaunch, added,
    softmax::{LOWEST, correct},
};
use crate::gpu::{Buffer, Gpu};

/// Launches one cube per `units` queries of a head.
pub(super) fn launch(
    gpu: &Gpu,
    cubes: CubeCount,
    [q, k, v, bias, y]: [&Buffer; 5],
    sizes: SizesLaunch,
    shape: Shape,
) {
    // SAFETY: queries and keys past the end read the last ones; stores are guarded.
    unsafe {
        attend_by_shared_memory::launch_unchecked(
            gpu.client(),
            cubes,
            CubeDim::new_1d(shape.units),
            q.arg(),
            k.arg(),
            v.arg(),
            bias.arg(),
            y.arg(),
            sizes,
            shape,
        );
    }
}

/// A unit has one query and its result in registers. Shared: a tile of keys and of values,
/// loaded by the whole cube, which synchronises before and after.
#[cube(launch_unchecked)]
fn attend_by_shared_memory(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    bias: &[f32],
    y: &mut [f32],
    sizes: Sizes,
    #[comptime] shape: Shape,
) {
    let d = comptime!(shape.head_dim);
    let block = comptime!(shape.block);
    let units = comptime!(shape.units as usize);
    let unit = UNIT_POS_X as usize;
    let own = CUBE_POS_X as usize * units + unit;
    let query = min(own, sizes.queries - 1);
    let pair_of_cube = CUBE_POS_Y as usize + CUBE_POS_Z as usize * CUBE_COUNT_Y as usize;
    let pair = min(pair_of_cube, sizes.pairs - 1);
    let image = pair / sizes.heads;
    let channel = pair % sizes.heads * d;

    let q_base = sizes.q_start + (image * sizes.queries + query) * sizes.q_pitch + channel;
    let mut scaled = Array::<f32>::new(d);
    let mut sums = Array::<f32>::new(d);
    #[unroll]
    for c in 0..d {
        scaled[c] = q[q_base + c] * sizes.scale;
        sums[c] = 0.0f32;
    }
    let k_base = sizes.k_start + image * sizes.image_keys * sizes.k_pitch + channel;
    let v_base = sizes.v_start + image * sizes.image_keys * sizes.v_pitch + channel;
    let mut tile_keys = Shared::<[f32]>::new_slice(comptime!(shape.tile * d));
    let mut tile_values = Shared::<[f32]>::new_slice(comptime!(shape.tile * d));
    let mut greatest = LOWEST.runtime();
    let mut total = 0.0f32;
    for tile0 in range_stepped(0, sizes.keys, shape.tile) {
        sync_cube();
        for at in range_stepped(unit, comptime!(shape.tile * d), units) {
            let valid = tile0 + at / d < sizes.keys;
            let key = min(tile0 + at / d, sizes.keys - 1);
            tile_keys[at] = k[k_base + key * sizes.k_pitch + at % d];
            // The weight is 0 past the end, and 0 · inf is not.
            tile_values[at] = select(valid, v[v_base + key * sizes.v_pitch + at % d], 0.0f32);
        }
        sync_cube();
        for first in range_stepped(0, shape.tile, block) {
            let key0 = tile0 + first;
            let mut scores = Array::<f32>::new(block);
            #[unroll]
            for j in 0..block {
                let key = min(key0 + j, sizes.keys - 1);
                let mut score = added(bias, &sizes, pair, query, key, shape.bias);
                #[unroll]
                for c in 0..d {
                    score = fma(scaled[c], tile_keys[(first + j) * d + c], score);
                }
                scores[j] = select(key0 + j < sizes.keys, score, LOWEST);
            }
            let correction = correct(&mut scores, greatest, block);
            greatest = correction.greatest;
            total = total * correction.factor + correction.sum;
            #[unroll]
            for c in 0..d {
                let mut sum = sums[c] * correction.factor;
                #[unroll]
                for j in 0..block {
                    sum = fma(scores[j], tile_values[(first + j) * d + c], sum);
                }
                sums[c] = sum;
            }
        }
    }
    if own < sizes.queries && pair_of_cube < sizes.pairs {
        let y_base = (image * sizes.queries + query) * sizes.heads * d + channel;
        #[unroll]
        for c in 0..d {
            y[y_base + c] = sums[c] / total;
        }
    }
}
