//! The windows of our models, and odd shapes.

use super::WindowProblem;

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, WindowProblem)] = &[
    ("tiny_vit_1", problem([1, 128, 128, 128], 7)),
    ("tiny_vit_2", problem([1, 64, 64, 160], 14)),
    ("vit_b", problem([1, 64, 64, 768], 14)),
    ("whole", problem([2, 12, 8, 3], 4)),
    ("odd", problem([2, 9, 5, 3], 4)),
    ("larger_than_image", problem([2, 2, 3, 5], 7)),
    ("one", problem([1, 1, 1, 1], 1)),
    ("empty", problem([0, 5, 5, 2], 2)),
];

const fn problem([batch, height, width, channels]: [usize; 4], window: usize) -> WindowProblem {
    WindowProblem {
        batch,
        height,
        width,
        channels,
        window,
    }
}
