//! The layer norms of our models, and odd shapes.

use super::NormProblem;

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, NormProblem)] = &[
    ("tiny_vit_1", problem(16_384, 128)),
    ("tiny_vit_2", problem(4096, 160)),
    ("tiny_vit_3", problem(4096, 320)),
    ("neck", problem(4096, 256)),
    ("vit_b", problem(4096, 768)),
    ("vit_h", problem(4096, 1280)),
    ("decoder_upscale", problem(16_384, 64)),
    ("mask_downscale", problem(16_384, 4)),
    ("odd", problem(13, 77)),
    ("one", problem(1, 1)),
    ("empty", problem(0, 5)),
];

const fn problem(rows: usize, channels: usize) -> NormProblem {
    NormProblem { rows, channels }
}
