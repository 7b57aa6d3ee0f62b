//! The last step of products and convolutions, in registers. See [`finish()`].

use cubecl::prelude::*;

use crate::Activation;

/// Which parts an epilogue has; known when a kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Steps {
    /// Whether a bias is added.
    pub(crate) bias: bool,
    /// Whether a residual is added.
    pub(crate) residual: bool,
    /// Applied last.
    pub(crate) activation: Activation,
}

/// Returns the activation of `x`. NaN stays NaN, and GELU tends to its limits.
#[cube]
pub(crate) fn activate(x: f32, #[comptime] activation: Activation) -> f32 {
    match comptime!(activation) {
        Activation::None => x,
        Activation::Relu => select(x < 0.0f32, 0.0f32, x),
        Activation::Gelu => {
            let y = 0.5f32 * x * (1.0f32 + Erf::erf(x * 0.707_106_77f32));
            // Where the formula would give -inf · 0.
            select(x < -100.0f32, 0.0f32, y)
        }
        Activation::LeakyRelu => select(x < 0.0f32, x * 0.2f32, x),
        Activation::Sigmoid => {
            // Of the distance from 0, so that nothing overflows.
            let small = f32::exp(-f32::abs(x));
            select(x < 0.0f32, small, 1.0f32) / (1.0f32 + small)
        }
    }
}

/// Returns what is stored for a sum at output `at` of column `column`.
#[cube]
pub(crate) fn finish(
    sum: f32,
    bias: &[f32],
    residual: &[f32],
    at: usize,
    column: usize,
    #[comptime] steps: Steps,
) -> f32 {
    let mut y = sum;
    if comptime!(steps.bias) {
        y += bias[column];
    }
    if comptime!(steps.residual) {
        y += residual[at];
    }
    activate(y, comptime!(steps.activation))
}
