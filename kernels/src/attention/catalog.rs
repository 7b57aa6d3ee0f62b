//! The attentions of our models, and odd shapes.

use super::{
    AttentionProblem,
    BiasKind::{self, None, RelativePositions, Table},
};

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, AttentionProblem)] = &[
    // TinyViT's windows with their tables.
    ("tiny_vit_1", windows(361, [4, 32], 49, Table)),
    ("tiny_vit_2", windows(25, [5, 32], 196, Table)),
    ("tiny_vit_3", windows(100, [10, 32], 49, Table)),
    // SAM's image encoders.
    ("vit_b_window", windows(25, [12, 64], 196, grid(14, 14))),
    ("vit_b_global", windows(1, [12, 64], 4096, grid(64, 64))),
    ("vit_h_window", windows(25, [16, 80], 196, grid(14, 14))),
    ("vit_h_global", windows(1, [16, 80], 4096, grid(64, 64))),
    // The mask decoder over 16 prompts of 7 tokens.
    ("decoder_self", windows(16, [8, 32], 7, None)),
    (
        "decoder_token_to_image",
        cross([16, 16], [8, 16], [7, 4096]),
    ),
    (
        "decoder_image_to_token",
        cross([16, 16], [8, 16], [4096, 7]),
    ),
    ("decoder_shared_image", cross([16, 1], [8, 16], [7, 4096])),
    ("odd", cross([2, 2], [3, 5], [33, 65])),
    ("odd_table", windows(2, [3, 20], 37, Table)),
    ("odd_grid", windows(2, [2, 9], 15, grid(3, 5))),
    ("tall_grid", windows(1, [1, 8], 45, grid(45, 1))),
    ("one", cross([1, 1], [1, 1], [1, 1])),
    ("no_queries", cross([1, 1], [2, 4], [0, 3])),
    ("empty", windows(0, [2, 4], 4, grid(2, 2))),
];

const fn grid(height: usize, width: usize) -> BiasKind {
    RelativePositions { height, width }
}

/// Self-attention.
const fn windows(
    batch: usize,
    [heads, head_dim]: [usize; 2],
    tokens: usize,
    bias: BiasKind,
) -> AttentionProblem {
    AttentionProblem {
        bias,
        ..cross([batch, batch], [heads, head_dim], [tokens, tokens])
    }
}

/// Attention between two sets of tokens.
const fn cross(
    [batch, key_batch]: [usize; 2],
    [heads, head_dim]: [usize; 2],
    [queries, keys]: [usize; 2],
) -> AttentionProblem {
    AttentionProblem {
        batch,
        key_batch,
        heads,
        head_dim,
        queries,
        keys,
        bias: None,
    }
}
