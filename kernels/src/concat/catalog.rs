//! The parts that our models cut and join, and odd shapes.

use super::AxisProblem;

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, AxisProblem)] = &[
    // The mask decoder's tokens over 16 prompts.
    ("decoder_tokens", problem(16, 7, 256)),
    // Half as many prompts: some devices hold no more than 128 MiB in one buffer.
    ("decoder_image", problem(8, 4096, 256)),
    ("odd", problem(3, 5, 7)),
    ("last_axis", problem(6, 11, 1)),
    ("one", problem(1, 1, 1)),
    ("empty", problem(0, 3, 2)),
];

const fn problem(outer: usize, extent: usize, inner: usize) -> AxisProblem {
    AxisProblem {
        outer,
        extent,
        inner,
    }
}
