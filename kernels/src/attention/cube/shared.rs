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
use crate::gpu::{Buffer, Gpu, precision::rounded};

/// Channels are multiplied in fours, which one load from shared memory brings.
type Four = Const<4>;

/// Launches one cube per `units` queries of a head.
pub(super) fn launch<P: Float>(
    gpu: &Gpu,
    cubes: CubeCount,
    [q, k, v, bias, y]: [&Buffer; 5],
    sizes: SizesLaunch,
    shape: Shape,
) {
    // SAFETY: queries and keys past the end read the last ones; stores are guarded.
    unsafe {
        attend_by_shared_memory::launch_unchecked::<P>(
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
fn attend_by_shared_memory<P: Float>(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    bias: &[f32],
    y: &mut [f32],
    sizes: Sizes,
    #[comptime] shape: Shape,
) {
    let d = comptime!(shape.head_dim);
    // Channels past the last, up to a whole vector, are zero.
    let vectors = comptime!(d.div_ceil(4));
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
    let mut scaled = Array::<Vector<f32, Four>>::new(vectors);
    let mut sums = Array::<Vector<f32, Four>>::new(vectors);
    #[unroll]
    for t in 0..vectors {
        scaled[t] = load::<P>(q, q_base, comptime!(4 * t), d) * Vector::new(sizes.scale);
        sums[t] = Vector::new(0.0f32);
    }
    let k_base = sizes.k_start + image * sizes.image_keys * sizes.k_pitch + channel;
    let v_base = sizes.v_start + image * sizes.image_keys * sizes.v_pitch + channel;
    let area = comptime!(shape.tile * vectors);
    let mut tile_keys = Shared::<[Vector<f32, Four>]>::new_slice(area);
    let mut tile_values = Shared::<[Vector<f32, Four>]>::new_slice(area);
    let mut greatest = LOWEST.runtime();
    let mut total = 0.0f32;
    for tile0 in range_stepped(0, sizes.keys, shape.tile) {
        sync_cube();
        for at in range_stepped(unit, area, units) {
            let valid = tile0 + at / vectors < sizes.keys;
            let key = min(tile0 + at / vectors, sizes.keys - 1);
            let first = at % vectors * 4;
            tile_keys[at] = load_at::<P>(k, k_base + key * sizes.k_pitch, first, d);
            let value = load_at::<P>(v, v_base + key * sizes.v_pitch, first, d);
            // The weight is 0 past the end, and 0 · inf is not.
            tile_values[at] = select(valid, value, Vector::new(0.0f32));
        }
        sync_cube();
        for first in range_stepped(0, shape.tile, block) {
            let key0 = tile0 + first;
            let mut scores = Array::<f32>::new(block);
            #[unroll]
            for j in 0..block {
                let key = min(key0 + j, sizes.keys - 1);
                let mut products = Vector::<f32, Four>::new(0.0f32);
                #[unroll]
                for t in 0..vectors {
                    products = fma(scaled[t], tile_keys[(first + j) * vectors + t], products);
                }
                let score = products.extract(0usize)
                    + products.extract(1usize)
                    + products.extract(2usize)
                    + products.extract(3usize)
                    + added(bias, &sizes, pair, query, key, shape.bias);
                scores[j] = select(key0 + j < sizes.keys, score, LOWEST);
            }
            let correction = correct(&mut scores, greatest, block);
            greatest = correction.greatest;
            total = total * correction.factor + correction.sum;
            #[unroll]
            for t in 0..vectors {
                let mut sum = sums[t] * Vector::new(correction.factor);
                #[unroll]
                for j in 0..block {
                    let weight = Vector::new(rounded::<P>(scores[j]));
                    sum = fma(weight, tile_values[(first + j) * vectors + t], sum);
                }
                sums[t] = sum;
            }
        }
    }
    if own < sizes.queries && pair_of_cube < sizes.pairs {
        let y_base = (image * sizes.queries + query) * sizes.heads * d + channel;
        #[unroll]
        for c in 0..d {
            y[y_base + c] = sums[comptime!(c / 4)].extract(comptime!(c % 4)) / total;
        }
    }
}

/// Returns four channels of a row, rounded, from `first` on, and zero past the last.
#[cube]
fn load<P: Float>(
    x: &[f32],
    row: usize,
    #[comptime] first: usize,
    #[comptime] channels: usize,
) -> Vector<f32, Four> {
    let mut four = Vector::<f32, Four>::new(0.0f32);
    #[unroll]
    for c in 0..4usize {
        if comptime!(first + c < channels) {
            four.insert(c, rounded::<P>(x[row + comptime!(first + c)]));
        }
    }
    four
}

/// [`load`] where the first channel is known when the kernel runs.
#[cube]
fn load_at<P: Float>(
    x: &[f32],
    row: usize,
    first: usize,
    #[comptime] channels: usize,
) -> Vector<f32, Four> {
    let mut four = Vector::<f32, Four>::new(0.0f32);
    #[unroll]
    for c in 0..4usize {
        if comptime!(channels.is_multiple_of(4)) {
            four.insert(c, rounded::<P>(x[row + first + c]));
        } else {
            let inside = first + c < channels;
            let value = x[row + min(first + c, channels - 1)];
            four.insert(c, select(inside, rounded::<P>(value), 0.0f32));
        }
    }
    four
}
