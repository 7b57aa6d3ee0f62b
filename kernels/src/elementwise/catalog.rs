//! The element-wise operations of our models, and odd shapes.

use super::{
    BinaryOperation::{self, Add, Multiply},
    BinaryProblem,
};

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, BinaryProblem)] = &[
    ("vit_b_positions", problem(Add, 4096 * 768, 4096 * 768)),
    (
        "decoder_positions",
        problem(Add, 16 * 4096 * 256, 4096 * 256),
    ),
    ("per_channel", problem(Multiply, 4096 * 256, 256)),
    ("odd", problem(Add, 7 * 13, 13)),
    ("one", problem(Multiply, 1, 1)),
    ("empty", problem(Add, 0, 0)),
];

const fn problem(operation: BinaryOperation, elements: usize, period: usize) -> BinaryProblem {
    BinaryProblem {
        operation,
        elements,
        period,
    }
}
