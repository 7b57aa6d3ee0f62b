//! The gathers of our models, and odd shapes.

use super::GatherProblem;

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, GatherProblem)] = &[
    // RITM on HRNet-18s and HRNet-32, image and mirrored image.
    ("ritm_h18s", problem(2, 10_000, 96)),
    ("ritm_h32", problem(2, 10_000, 256)),
    ("odd", problem(3, 35, 7)),
    ("one", problem(1, 1, 1)),
    ("empty", problem(0, 6, 2)),
];

const fn problem(batch: usize, pixels: usize, channels: usize) -> GatherProblem {
    GatherProblem {
        batch,
        pixels,
        channels,
    }
}
