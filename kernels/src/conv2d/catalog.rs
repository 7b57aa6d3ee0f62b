//! The convolutions of our models, and odd shapes.

use super::{Conv2dProblem, ConvLayout, Groups};
use crate::Activation::{self, Gelu, None, Relu};

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, Conv2dProblem)] = &[
    // TinyViT, batch norms folded.
    (
        "tiny_vit_embed_1",
        square(1024, full([3, 32], 3, 2, 1), Gelu),
    ),
    (
        "tiny_vit_embed_2",
        square(512, full([32, 64], 3, 2, 1), None),
    ),
    (
        "tiny_vit_0_expand",
        square(256, full([64, 256], 1, 1, 0), Gelu),
    ),
    (
        "tiny_vit_0_depthwise",
        square(256, depthwise(256, 3, 1, 1), Gelu),
    ),
    (
        "tiny_vit_0_project",
        residual(square(256, full([256, 64], 1, 1, 0), Gelu)),
    ),
    (
        "tiny_vit_0_merge",
        square(256, depthwise(128, 3, 2, 1), Gelu),
    ),
    (
        "tiny_vit_1_local",
        square(128, depthwise(128, 3, 1, 1), None),
    ),
    (
        "tiny_vit_3_local",
        square(64, depthwise(320, 3, 1, 1), None),
    ),
    // The necks of TinyViT and of SAM's image encoders.
    (
        "neck_pointwise",
        square(64, full([320, 256], 1, 1, 0), None),
    ),
    ("neck_3x3", square(64, full([256, 256], 3, 1, 1), None)),
    // The branches of HRNet-32 on an image of 512 × 512, and of HRNet-18.
    (
        "hrnet32_0",
        residual(square(128, full([32, 32], 3, 1, 1), Relu)),
    ),
    (
        "hrnet32_1",
        residual(square(64, full([64, 64], 3, 1, 1), Relu)),
    ),
    (
        "hrnet32_2",
        residual(square(32, full([128, 128], 3, 1, 1), Relu)),
    ),
    (
        "hrnet32_3",
        residual(square(16, full([256, 256], 3, 1, 1), Relu)),
    ),
    ("hrnet18_0", square(128, full([18, 18], 3, 1, 1), Relu)),
    ("vit_b_embed", square(1024, full([3, 768], 16, 16, 0), None)),
    // The prompt encoder's mask input.
    ("mask_downscale_1", square(256, full([1, 4], 2, 2, 0), None)),
    (
        "mask_downscale_2",
        square(128, full([4, 16], 2, 2, 0), None),
    ),
    ("mask_pointwise", square(64, full([16, 256], 1, 1, 0), None)),
    (
        "odd",
        residual(image([2, 7, 5], full([5, 19], 3, 2, 1), Relu)),
    ),
    (
        "odd_3x3",
        residual(image([2, 7, 9], full([17, 35], 3, 1, 2), Gelu)),
    ),
    (
        "odd_depthwise",
        residual(image([2, 9, 11], depthwise(21, 5, 2, 2), Relu)),
    ),
    (
        "wide_padding",
        image([1, 2, 3], full([2, 3], 2, 1, 3), None),
    ),
    (
        "wide_padding_depthwise",
        image([1, 2, 3], depthwise(3, 2, 1, 3), None),
    ),
    ("one", image([1, 1, 1], full([1, 1], 1, 1, 0), None)),
    ("empty", image([0, 4, 4], full([2, 2], 3, 1, 1), None)),
];

const fn full(
    [inputs, outputs]: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
) -> ConvLayout {
    ConvLayout {
        inputs,
        outputs,
        kernel: [kernel, kernel],
        stride,
        padding,
        groups: Groups::Full,
    }
}

const fn depthwise(channels: usize, kernel: usize, stride: usize, padding: usize) -> ConvLayout {
    ConvLayout {
        groups: Groups::Depthwise,
        ..full([channels, channels], kernel, stride, padding)
    }
}

const fn image(
    [batch, height, width]: [usize; 3],
    layout: ConvLayout,
    activation: Activation,
) -> Conv2dProblem {
    Conv2dProblem {
        batch,
        height,
        width,
        layout,
        bias: true,
        residual: false,
        activation,
    }
}

const fn square(side: usize, layout: ConvLayout, activation: Activation) -> Conv2dProblem {
    image([1, side, side], layout, activation)
}

const fn residual(problem: Conv2dProblem) -> Conv2dProblem {
    Conv2dProblem {
        residual: true,
        ..problem
    }
}
