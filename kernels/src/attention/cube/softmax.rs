//! The running softmax of one query. See [`correct()`].

use cubecl::prelude::*;

/// Below every finite score; where the running maximum begins.
pub(super) const LOWEST: f32 = f32::MIN;

/// Turns a block of scores into weights relative to the new maximum, and returns the maximum, the
/// sum of the weights, and the factor by which what was summed before shrinks.
#[cube]
pub(super) fn correct(
    scores: &mut Array<f32>,
    greatest: f32,
    #[comptime] block: usize,
) -> Correction {
    let mut new = greatest;
    #[unroll]
    for j in 0..block {
        new = max(new, scores[j]);
    }
    let mut sum = 0.0f32;
    #[unroll]
    for j in 0..block {
        let weight = f32::exp(scores[j] - new);
        scores[j] = weight;
        sum += weight;
    }
    Correction {
        greatest: new,
        sum,
        factor: f32::exp(greatest - new),
    }
}

/// How a block changes the running softmax.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Correction {
    pub(super) greatest: f32,
    pub(super) sum: f32,
    pub(super) factor: f32,
}
