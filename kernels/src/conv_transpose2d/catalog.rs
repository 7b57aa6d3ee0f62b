//! The transposed convolutions of our models, and odd shapes.

use super::ConvTransposeProblem;
use crate::Activation::{self, Gelu, None};

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, ConvTransposeProblem)] = &[
    // The mask decoder's upscaling.
    ("decoder_upscale_1", problem([1, 64, 64, 256, 64], None)),
    ("decoder_upscale_2", problem([1, 128, 128, 64, 32], Gelu)),
    ("odd", problem([2, 3, 5, 7, 9], Gelu)),
    ("one", problem([1, 1, 1, 1, 1], None)),
    ("empty", problem([0, 2, 2, 3, 3], None)),
];

const fn problem(
    [batch, height, width, inputs, outputs]: [usize; 5],
    activation: Activation,
) -> ConvTransposeProblem {
    ConvTransposeProblem {
        batch,
        height,
        width,
        inputs,
        outputs,
        bias: true,
        activation,
    }
}
