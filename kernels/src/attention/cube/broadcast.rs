//! Attention by planes, for software devices. See [`launch`].
#![expect(
    unsafe_code,
    reason = "indices are clamped here; a second check per load would cost half the speed"
)]

use cubecl::prelude::*;

use super::{
    Shape, Sizes, SizesLaunch, added,
    softmax::{LOWEST, correct},
};
use crate::gpu::{Buffer, Gpu, precision::rounded};

/// Launches one plane per `plane` queries of a head.
pub(super) fn launch<P: Float>(
    gpu: &Gpu,
    cubes: CubeCount,
    [q, k, v, bias, y]: [&Buffer; 5],
    sizes: SizesLaunch,
    shape: Shape,
) {
    // SAFETY: queries and keys past the end read the last ones; stores are guarded.
    unsafe {
        attend_by_broadcast::launch_unchecked::<P>(
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

/// A unit has one query and its result in registers. The plane loads `plane` channels of a key or
/// value at a time, one per unit, and hands each to all its units in turn.
#[cube(launch_unchecked)]
fn attend_by_broadcast<P: Float>(
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
    let plane = comptime!(shape.units as usize);
    let lane = UNIT_POS_X as usize;
    let own = CUBE_POS_X as usize * plane + lane;
    let query = min(own, sizes.queries - 1);
    let pair_of_cube = CUBE_POS_Y as usize + CUBE_POS_Z as usize * CUBE_COUNT_Y as usize;
    let pair = min(pair_of_cube, sizes.pairs - 1);
    let image = pair / sizes.heads;
    let channel = pair % sizes.heads * d;

    let q_base = sizes.q_start + (image * sizes.queries + query) * sizes.q_pitch + channel;
    // Channels past the last, up to a whole plane, are zero.
    let loads = comptime!(d.div_ceil(plane));
    let mut scaled = Array::<f32>::new(comptime!(loads * plane));
    let mut sums = Array::<f32>::new(comptime!(loads * plane));
    #[unroll]
    for c in 0..comptime!(loads * plane) {
        if comptime!(c < d) {
            scaled[c] = rounded::<P>(q[q_base + c]) * sizes.scale;
        } else {
            scaled[c] = 0.0f32;
        }
        sums[c] = 0.0f32;
    }
    let k_base = sizes.k_start + image * sizes.image_keys * sizes.k_pitch + channel;
    let v_base = sizes.v_start + image * sizes.image_keys * sizes.v_pitch + channel;
    let mut greatest = LOWEST.runtime();
    let mut total = 0.0f32;
    for key0 in range_stepped(0, sizes.keys, block) {
        let mut scores = Array::<f32>::new(block);
        #[unroll]
        for j in 0..block {
            let key = min(key0 + j, sizes.keys - 1);
            let mut score = added(bias, &sizes, pair, query, key, shape.bias);
            #[unroll]
            for t in 0..loads {
                let loaded = load::<P>(
                    k,
                    k_base + key * sizes.k_pitch,
                    comptime!(t * plane),
                    d,
                    plane,
                );
                #[unroll]
                for e in 0..comptime!(shape.units) {
                    let c = comptime!(t * plane + e as usize);
                    score = fma(scaled[c], plane_broadcast(loaded, e), score);
                }
            }
            scores[j] = select(key0 + j < sizes.keys, score, LOWEST);
        }
        let correction = correct(&mut scores, greatest, block);
        greatest = correction.greatest;
        total = total * correction.factor + correction.sum;
        #[unroll]
        for c in 0..comptime!(loads * plane) {
            sums[c] *= correction.factor;
        }
        #[unroll]
        for j in 0..block {
            let key = min(key0 + j, sizes.keys - 1);
            let weight = rounded::<P>(scores[j]);
            #[unroll]
            for t in 0..loads {
                let value = load::<P>(
                    v,
                    v_base + key * sizes.v_pitch,
                    comptime!(t * plane),
                    d,
                    plane,
                );
                // The weight is 0 past the end, and 0 · inf is not.
                let loaded = select(key0 + j < sizes.keys, value, 0.0f32);
                #[unroll]
                for e in 0..comptime!(shape.units) {
                    let c = comptime!(t * plane + e as usize);
                    sums[c] = fma(weight, plane_broadcast(loaded, e), sums[c]);
                }
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

/// Returns the unit's channel, rounded, of `plane` channels from `first` on, or zero past the last.
#[cube]
fn load<P: Float>(
    x: &[f32],
    row: usize,
    #[comptime] first: usize,
    #[comptime] channels: usize,
    #[comptime] plane: usize,
) -> f32 {
    let channel = first + UNIT_POS_X as usize;
    if comptime!(first + plane <= channels) {
        rounded::<P>(x[row + channel])
    } else {
        let value = rounded::<P>(x[row + min(channel, channels - 1)]);
        select(channel < channels, value, 0.0f32)
    }
}
