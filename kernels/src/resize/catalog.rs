//! The resizes of our models, and odd shapes.

use super::{Resize, ResizeProblem};

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, ResizeProblem)] = &[
    // SAM's masks: to the padded input, cropped, then to the image's own size.
    (
        "mask_to_input",
        problem([4, 256, 256, 1], [1024, 1024], [778, 1024], false),
    ),
    (
        "mask_to_image",
        problem([4, 778, 1024, 1], [575, 757], [575, 757], false),
    ),
    (
        "ritm_features",
        problem([1, 40, 60, 64], [80, 120], [80, 120], true),
    ),
    ("odd", problem([2, 7, 5, 3], [11, 4], [10, 3], false)),
    ("odd_aligned", problem([2, 7, 5, 3], [11, 4], [10, 3], true)),
    ("to_one", problem([1, 5, 7, 2], [1, 1], [1, 1], true)),
    ("from_one", problem([1, 1, 1, 2], [5, 3], [5, 3], false)),
    ("nothing_kept", problem([1, 2, 2, 2], [5, 3], [0, 3], false)),
];

const fn problem(
    [batch, height, width, channels]: [usize; 4],
    size: [usize; 2],
    keep: [usize; 2],
    align_corners: bool,
) -> ResizeProblem {
    ResizeProblem {
        batch,
        from: [height, width],
        channels,
        to: Resize {
            size,
            keep,
            align_corners,
        },
    }
}
