//! The images that our models mirror, and odd shapes.

use super::MirrorProblem;

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, MirrorProblem)] = &[
    // RITM's input, image and previous mask, and its logits.
    ("ritm_input", problem(512, 512, 4)),
    ("ritm_logits", problem(512, 512, 1)),
    ("odd", problem(3, 7, 5)),
    ("one", problem(1, 1, 1)),
    ("empty", problem(0, 4, 2)),
];

const fn problem(rows: usize, width: usize, channels: usize) -> MirrorProblem {
    MirrorProblem {
        rows,
        width,
        channels,
    }
}
