//! The linear layers of our models, and odd shapes.

use super::LinearProblem;
use crate::Activation;

/// The named problems that tests check and benchmarks time.
pub const CATALOG: &[(&str, LinearProblem)] = &[
    // TinyViT: 19² windows of 7², then 5² of 14² and 10² of 7², each padded.
    ("tiny_vit_1_qkv", plain([17_689, 128, 384])),
    ("tiny_vit_1_up", gelu([16_384, 128, 512])),
    ("tiny_vit_1_down", residual([16_384, 512, 128])),
    ("tiny_vit_2_qkv", plain([4900, 160, 480])),
    ("tiny_vit_2_project", plain([4900, 160, 160])),
    ("tiny_vit_2_up", gelu([4096, 160, 640])),
    ("tiny_vit_3_qkv", plain([4900, 320, 960])),
    ("tiny_vit_3_up", gelu([4096, 320, 1280])),
    ("tiny_vit_3_down", residual([4096, 1280, 320])),
    // SAM's image encoders: 64² tokens, or 5² windows of 14².
    ("vit_b_qkv", plain([4096, 768, 2304])),
    ("vit_b_window_qkv", plain([4900, 768, 2304])),
    ("vit_b_project", residual([4096, 768, 768])),
    ("vit_b_up", gelu([4096, 768, 3072])),
    ("vit_b_down", residual([4096, 3072, 768])),
    ("vit_h_up", gelu([4096, 1280, 5120])),
    // The mask decoder, over 16 prompts of 7 tokens, and its image tokens.
    ("decoder_tokens_up", relu([112, 256, 2048])),
    ("decoder_tokens_down", residual([112, 2048, 256])),
    ("decoder_image_key", plain([4096, 256, 128])),
    ("decoder_hyper", plain([16, 256, 32])),
    ("decoder_iou", plain([16, 256, 4])),
    ("odd", gelu([13, 33, 77])),
    ("odd_narrow", residual([7, 5, 3])),
    ("one", relu([1, 1, 1])),
    ("empty", plain([0, 4, 4])),
];

const fn plain([rows, inputs, outputs]: [usize; 3]) -> LinearProblem {
    LinearProblem {
        rows,
        inputs,
        outputs,
        bias: true,
        residual: false,
        activation: Activation::None,
    }
}

const fn gelu(shape: [usize; 3]) -> LinearProblem {
    LinearProblem {
        activation: Activation::Gelu,
        ..plain(shape)
    }
}

const fn relu(shape: [usize; 3]) -> LinearProblem {
    LinearProblem {
        activation: Activation::Relu,
        bias: false,
        ..plain(shape)
    }
}

const fn residual(shape: [usize; 3]) -> LinearProblem {
    LinearProblem {
        residual: true,
        ..plain(shape)
    }
}
