//! The bottlenecks of our models, and odd shapes.

use super::BottleneckProblem;
use crate::{
    Activation::{self, Gelu, None, Relu},
    conv2d::{Conv2dProblem, ConvLayout, Groups},
};

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, BottleneckProblem)] = &[
    // TinyViT's first stage, and what lies between its stages; batch norms folded.
    ("tiny_vit_0", residual(Gelu, &square(256, [64, 256, 64], 1))),
    ("tiny_vit_merge_0", square(256, [64, 128, 128], 2)),
    ("tiny_vit_merge_1", square(128, [128, 160, 160], 2)),
    ("tiny_vit_merge_2", square(64, [160, 320, 320], 1)),
    (
        "odd",
        residual(Relu, &image([2, 19, 71], [5, 21, 5], [3, 1, 1])),
    ),
    ("odd_kernel", image([2, 9, 11], [3, 17, 35], [5, 2, 3])),
    ("one", image([1, 1, 1], [1, 1, 1], [1, 1, 0])),
    ("empty", image([0, 4, 4], [2, 8, 2], [3, 1, 1])),
];

const fn square(side: usize, channels: [usize; 3], stride: usize) -> BottleneckProblem {
    image([1, side, side], channels, [3, stride, 1])
}

/// The depthwise convolution has this kernel, stride and padding.
const fn image(
    [batch, height, width]: [usize; 3],
    [inputs, wide, outputs]: [usize; 3],
    [kernel, stride, padding]: [usize; 3],
) -> BottleneckProblem {
    let expand = Conv2dProblem {
        batch,
        height,
        width,
        layout: ConvLayout {
            inputs,
            outputs: wide,
            kernel: [1, 1],
            stride: 1,
            padding: 0,
            groups: Groups::Full,
        },
        bias: true,
        residual: false,
        activation: Gelu,
    };
    let depthwise = Conv2dProblem {
        layout: ConvLayout {
            inputs: wide,
            outputs: wide,
            kernel: [kernel, kernel],
            stride,
            padding,
            groups: Groups::Depthwise,
        },
        ..expand
    };
    let [height, width] = depthwise.output_size();
    let project = Conv2dProblem {
        height,
        width,
        layout: ConvLayout {
            inputs: wide,
            outputs,
            ..expand.layout
        },
        activation: None,
        ..expand
    };
    BottleneckProblem {
        expand,
        depthwise,
        project,
    }
}

const fn residual(activation: Activation, problem: &BottleneckProblem) -> BottleneckProblem {
    BottleneckProblem {
        project: Conv2dProblem {
            residual: true,
            activation,
            ..problem.project
        },
        ..*problem
    }
}
