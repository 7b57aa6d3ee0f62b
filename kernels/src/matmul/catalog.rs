//! The products of two tensors in our models, and odd shapes.

use super::MatmulProblem;

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, MatmulProblem)] = &[
    // Four mask tokens with the upscaled image of one or of 16 prompts.
    ("decoder_masks", problem([1, 4, 65_536, 32])),
    ("decoder_masks_16", problem([16, 4, 65_536, 32])),
    ("odd", problem([3, 5, 1100, 37])),
    ("one", problem([1, 1, 1, 1])),
    ("empty", problem([2, 0, 3, 4])),
    ("no_terms", problem([1, 2, 3, 0])),
];

const fn problem([batch, rows, columns, inner]: [usize; 4]) -> MatmulProblem {
    MatmulProblem {
        batch,
        rows,
        columns,
        inner,
    }
}
