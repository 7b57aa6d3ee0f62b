//! Attention on tensor cores. See [`launch`].
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

use super::{Shape, Sizes, SizesLaunch, added, softmax::LOWEST};
use crate::gpu::{Buffer, Gpu, MATRIX, MATRIX_PLANE};

/// Numbers added to the rows of tiles in shared memory, so that the rows of a matrix lie in
/// different banks and still begin where matrices may.
const PAD: usize = 8;

/// Launches one cube per 16 queries a plane of a head.
pub(super) fn launch<P: Float>(
    gpu: &Gpu,
    cubes: CubeCount,
    [q, k, v, bias, y]: [&Buffer; 5],
    sizes: SizesLaunch,
    shape: Shape,
) {
    // SAFETY: queries and keys past the end read the last ones; stores are guarded.
    unsafe {
        attend_on_tensor_cores::launch_unchecked::<P>(
            gpu.client(),
            cubes,
            CubeDim::new_2d(MATRIX_PLANE, shape.units / MATRIX_PLANE),
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

/// A plane has 16 queries, and their results on its tensor cores; two units share the softmax of
/// a query, one has its even keys and one its odd. Shared: a tile of keys and of values, rounded,
/// which the cube loads, synchronising before and after; and for each plane, which alone
/// synchronises there, the scores of the tile and their weights, rounded. Where the greatest score
/// of a query grew, the results pass through the scores' memory to be corrected.
#[cube(launch_unchecked)]
fn attend_on_tensor_cores<P: Float>(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    bias: &[f32],
    y: &mut [f32],
    sizes: Sizes,
    #[comptime] shape: Shape,
) {
    let d = comptime!(shape.head_dim);
    let tile = comptime!(shape.tile);
    let units = comptime!(shape.units as usize);
    let planes = comptime!(units / MATRIX_PLANE as usize);
    // Channels past the last, up to a whole matrix, are zero.
    let matrices = comptime!(d.div_ceil(MATRIX));
    let channels = comptime!(matrices * MATRIX);
    let pitch = comptime!(channels + PAD);
    let score_pitch = comptime!(tile + PAD);
    let unit = UNIT_POS as usize;
    let lane = UNIT_POS_X as usize;
    let plane = UNIT_POS_Y as usize;

    let mut tile_keys = Shared::<[P]>::new_aligned_slice(comptime!(tile * pitch), 32usize);
    let mut tile_values = Shared::<[P]>::new_aligned_slice(comptime!(tile * pitch), 32usize);
    let plane_scores = comptime!(MATRIX * score_pitch);
    let mut scores = Shared::<[f32]>::new_aligned_slice(comptime!(planes * plane_scores), 32usize);
    let mut weights = Shared::<[P]>::new_aligned_slice(comptime!(planes * plane_scores), 32usize);
    let mut factors = Shared::<[f32]>::new_slice(comptime!(planes * MATRIX));
    let scores0 = plane * plane_scores;

    let pair_of_cube = CUBE_POS_Y as usize + CUBE_POS_Z as usize * CUBE_COUNT_Y as usize;
    let pair = min(pair_of_cube, sizes.pairs - 1);
    let image = pair / sizes.heads;
    let channel = pair % sizes.heads * d;
    let query0 = (CUBE_POS_X as usize * planes + plane) * MATRIX;

    // The plane's queries, 16 channels at a time through the memory of its weights.
    let mut queries = Sequence::<Matrix<P>>::new();
    let mut sums = Sequence::<Matrix<f32>>::new();
    #[unroll]
    for t in 0..matrices {
        sync_plane();
        #[unroll]
        for i in 0..comptime!(MATRIX * MATRIX / MATRIX_PLANE as usize) {
            let at = comptime!(i * MATRIX_PLANE as usize) + lane;
            let query = min(query0 + at / MATRIX, sizes.queries - 1);
            let c = comptime!(t * MATRIX) + at % MATRIX;
            let row = sizes.q_start + (image * sizes.queries + query) * sizes.q_pitch + channel;
            let value = select(c < d, q[row + min(c, d - 1)], 0.0f32);
            weights[scores0 + at / MATRIX * score_pitch + at % MATRIX] = P::cast_from(value);
        }
        sync_plane();
        let end = weights.len();
        queries.push(Matrix::<P>::from_slice(
            MatrixIdent::A,
            MATRIX,
            MATRIX,
            MATRIX,
            MatrixLayout::RowMajor,
            &weights[scores0..end],
            score_pitch as u32,
        ));
        sums.push(Matrix::<f32>::from_value(
            MatrixIdent::Accumulator,
            MATRIX,
            MATRIX,
            MATRIX,
            MatrixLayout::Undefined,
            0.0f32,
        ));
    }

    // The query and the keys that a unit has in the softmax.
    let own_row = lane / 2;
    let own_half = lane % 2;
    let own_query = min(query0 + own_row, sizes.queries - 1);
    let k_base = sizes.k_start + image * sizes.image_keys * sizes.k_pitch + channel;
    let v_base = sizes.v_start + image * sizes.image_keys * sizes.v_pitch + channel;
    let mut greatest = LOWEST.runtime();
    let mut total = 0.0f32;
    for tile0 in range_stepped(0, sizes.keys, tile) {
        sync_cube();
        for at in range_stepped(unit, comptime!(tile * channels), units) {
            let c = at % channels;
            let inside = c < d;
            let valid = tile0 + at / channels < sizes.keys;
            let key = min(tile0 + at / channels, sizes.keys - 1);
            let from = min(c, d - 1);
            let to = at / channels * pitch + c;
            let key_value = k[k_base + key * sizes.k_pitch + from];
            tile_keys[to] = P::cast_from(select(inside, key_value, 0.0f32));
            // The weight is 0 past the end, and 0 · inf is not.
            let value = v[v_base + key * sizes.v_pitch + from];
            tile_values[to] = P::cast_from(select(inside && valid, value, 0.0f32));
        }
        sync_cube();

        #[unroll]
        for n in 0..comptime!(tile / MATRIX) {
            let products = Matrix::<f32>::from_value(
                MatrixIdent::Accumulator,
                MATRIX,
                MATRIX,
                MATRIX,
                MatrixLayout::Undefined,
                0.0f32,
            );
            #[unroll]
            for t in 0..matrices {
                let end = tile_keys.len();
                let keys = Matrix::<P>::from_slice(
                    MatrixIdent::B,
                    MATRIX,
                    MATRIX,
                    MATRIX,
                    MatrixLayout::ColMajor,
                    &tile_keys[comptime!(n * MATRIX * pitch + t * MATRIX)..end],
                    pitch as u32,
                );
                cmma::execute(&queries[t], &keys, &products, &products);
            }
            let end = scores.len();
            cmma::store(
                &mut scores[scores0 + comptime!(n * MATRIX)..end],
                &products,
                score_pitch as u32,
                MatrixLayout::RowMajor,
            );
        }
        sync_plane();

        let mut own = Array::<f32>::new(comptime!(tile / 2));
        let mut new = greatest;
        #[unroll]
        for j in 0..comptime!(tile / 2) {
            let column = comptime!(2 * j) + own_half;
            let key = min(tile0 + column, sizes.keys - 1);
            let score = scores[scores0 + own_row * score_pitch + column] * sizes.scale
                + added(bias, &sizes, pair, own_query, key, shape.bias);
            own[j] = select(tile0 + column < sizes.keys, score, LOWEST);
            new = max(new, own[j]);
        }
        new = max(new, plane_shuffle_xor(new, 1));
        let factor = f32::exp(greatest - new);
        total *= factor;
        #[unroll]
        for j in 0..comptime!(tile / 2) {
            let weight = f32::exp(own[j] - new);
            total += weight;
            let column = comptime!(2 * j) + own_half;
            weights[scores0 + own_row * score_pitch + column] = P::cast_from(weight);
        }
        if own_half == 0 {
            factors[plane * MATRIX + own_row] = factor;
        }
        let grew = plane_any(new > greatest);
        greatest = new;
        sync_plane();

        // The same for all units of the plane.
        if grew {
            #[unroll]
            for t in 0..matrices {
                let end = scores.len();
                cmma::store(
                    &mut scores[scores0..end],
                    &sums[t],
                    score_pitch as u32,
                    MatrixLayout::RowMajor,
                );
                sync_plane();
                #[unroll]
                for i in 0..comptime!(MATRIX * MATRIX / MATRIX_PLANE as usize) {
                    let at = comptime!(i * MATRIX_PLANE as usize) + lane;
                    let row = at / MATRIX;
                    scores[scores0 + row * score_pitch + at % MATRIX] *=
                        factors[plane * MATRIX + row];
                }
                sync_plane();
                cmma::load_with_layout(
                    &mut sums[t],
                    &scores[scores0..end],
                    score_pitch as u32,
                    MatrixLayout::RowMajor,
                );
                sync_plane();
            }
        }
        #[unroll]
        for n in 0..comptime!(tile / MATRIX) {
            let end = weights.len();
            let weight = Matrix::<P>::from_slice(
                MatrixIdent::A,
                MATRIX,
                MATRIX,
                MATRIX,
                MatrixLayout::RowMajor,
                &weights[scores0 + comptime!(n * MATRIX)..end],
                score_pitch as u32,
            );
            #[unroll]
            for t in 0..matrices {
                let end = tile_values.len();
                let values = Matrix::<P>::from_slice(
                    MatrixIdent::B,
                    MATRIX,
                    MATRIX,
                    MATRIX,
                    MatrixLayout::RowMajor,
                    &tile_values[comptime!(n * MATRIX * pitch + t * MATRIX)..end],
                    pitch as u32,
                );
                cmma::execute(&weight, &values, &sums[t], &sums[t]);
            }
        }
    }

    total += plane_shuffle_xor(total, 1);
    sync_plane();
    if own_half == 0 {
        factors[plane * MATRIX + own_row] = total;
    }
    #[unroll]
    for t in 0..matrices {
        sync_plane();
        let end = scores.len();
        cmma::store(
            &mut scores[scores0..end],
            &sums[t],
            score_pitch as u32,
            MatrixLayout::RowMajor,
        );
        sync_plane();
        #[unroll]
        for i in 0..comptime!(MATRIX * MATRIX / MATRIX_PLANE as usize) {
            let at = comptime!(i * MATRIX_PLANE as usize) + lane;
            let row = at / MATRIX;
            let query = query0 + row;
            let c = comptime!(t * MATRIX) + at % MATRIX;
            if c < d && query < sizes.queries && pair_of_cube < sizes.pairs {
                let to = (image * sizes.queries + query) * sizes.heads * d + channel + c;
                y[to] = scores[scores0 + row * score_pitch + at % MATRIX]
                    / factors[plane * MATRIX + row];
            }
        }
    }
}
