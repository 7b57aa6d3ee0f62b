//! The architectures of the SAM family as data. See [`SamConfig`].

use crate::{models::Candidates, weights::Architecture};

/// A SAM: which encoder, at which frame, and how images are prepared for it.
///
/// The prompt encoder and the mask decoder are the same in all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct SamConfig {
    /// The side of the square frame that the encoder sees, in pixels.
    pub frame: usize,
    /// How slices become the encoder's input.
    pub preparation: Preparation,
    /// Which of the decoder's candidates were trained: all, or the first alone.
    pub candidates: Candidates,
    /// The image encoder.
    pub encoder: EncoderConfig,
}

/// How slices become the encoder's input: each publisher's own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preparation {
    /// Resized as Pillow does; ImageNet's mean and standard deviation per channel; padding is the
    /// mean colour (`ResizeLongestSide` and `Sam.preprocess` of segment-anything).
    Sam,
    /// Resized as OpenCV does by areas; the resized image's own range to 0..1; padding is 0
    /// (`CVPR24_LiteMedSAM_infer.py` of MedSAM).
    LiteMedSam,
    /// Stretched to the whole frame as scikit-image does by cubic splines; the resized image's own
    /// range to 0..1; no padding. Masks are made of probabilities (`MedSAM_Inference.py` of MedSAM).
    MedSam,
}

/// The image encoder's architecture.
#[derive(Clone, Debug, PartialEq)]
pub enum EncoderConfig {
    /// A plain vision transformer with windows (Kirillov et al. 2023).
    Vit(VitConfig),
    /// A hierarchy of convolutions and windowed attention (Wu et al. 2022; Zhang et al. 2023).
    TinyVit(TinyVitConfig),
}

/// SAM's vision transformer. Patches are 16 × 16, the MLP is four times as wide.
#[derive(Clone, Debug, PartialEq)]
pub struct VitConfig {
    /// Patches along the frame's side.
    pub grid: usize,
    /// Channels of a token.
    pub channels: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads of each block.
    pub heads: usize,
    /// Side of the windows of the other blocks, in tokens.
    pub window: usize,
    /// The blocks that attend to the whole image.
    pub global_blocks: Vec<usize>,
}

/// TinyViT as MobileSAM and LiteMedSAM have it: one convolutional stage, three of attention.
#[derive(Clone, Debug, PartialEq)]
pub struct TinyVitConfig {
    /// The two convolutions of the stem: kernel size and stride of each.
    pub stem: (usize, usize),
    /// The stages, from fine to coarse; the first is convolutional.
    pub stages: [StageConfig; 4],
}

/// One stage of a TinyViT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageConfig {
    /// Channels of a token.
    pub channels: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads; unused in the convolutional stage.
    pub heads: usize,
    /// Side of the attention windows in tokens; unused in the convolutional stage.
    pub window: usize,
    /// How much the merging before this stage shrinks the map; unused in the first.
    pub stride: usize,
}

/// Channels of the image embedding and of every token of the decoder.
pub const EMBEDDING: usize = 256;

/// Side of the image embedding.
pub const GRID: usize = 64;

/// Side of the low-resolution logits.
pub const LOW: usize = 4 * GRID;

impl SamConfig {
    /// Returns the configuration of an architecture of this family, if it is one that runs.
    pub fn of(architecture: Architecture) -> Option<Self> {
        Some(match architecture {
            Architecture::SamVitB => Self::sam(768, 12, 12, [2, 5, 8, 11]),
            Architecture::SamVitL => Self::sam(1024, 24, 16, [5, 11, 17, 23]),
            Architecture::SamVitH => Self::sam(1280, 32, 16, [7, 15, 23, 31]),
            Architecture::MobileSam => Self {
                frame: 1024,
                preparation: Preparation::Sam,
                candidates: Candidates::SingleThenMulti,
                encoder: EncoderConfig::TinyVit(TinyVitConfig {
                    stem: (3, 2),
                    stages: tiny_vit_5m(),
                }),
            },
            Architecture::LiteMedSam => Self {
                frame: 256,
                preparation: Preparation::LiteMedSam,
                candidates: Candidates::One,
                encoder: EncoderConfig::TinyVit(TinyVitConfig {
                    stem: (1, 1),
                    stages: tiny_vit_5m(),
                }),
            },
            Architecture::MedSamVitB => Self {
                preparation: Preparation::MedSam,
                candidates: Candidates::One,
                ..Self::of(Architecture::SamVitB)?
            },
            Architecture::RitmHrnet18s
            | Architecture::RitmHrnet18
            | Architecture::RitmHrnet32
            | Architecture::Geodesic => return None,
        })
    }

    /// SAM as it was published.
    fn sam(channels: usize, depth: usize, heads: usize, global_blocks: [usize; 4]) -> Self {
        Self {
            frame: 1024,
            preparation: Preparation::Sam,
            candidates: Candidates::SingleThenMulti,
            encoder: EncoderConfig::Vit(VitConfig {
                grid: GRID,
                channels,
                depth,
                heads,
                window: 14,
                global_blocks: global_blocks.to_vec(),
            }),
        }
    }
}

/// TinyViT-5M with MobileSAM's last stage, which does not shrink the map.
fn tiny_vit_5m() -> [StageConfig; 4] {
    let stage = |channels, depth, heads, window, stride| StageConfig {
        channels,
        depth,
        heads,
        window,
        stride,
    };
    [
        stage(64, 2, 2, 7, 1),
        stage(128, 2, 4, 7, 2),
        stage(160, 6, 5, 14, 2),
        stage(320, 2, 10, 7, 1),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoder_ends_in_the_decoders_grid() {
        for architecture in [
            Architecture::MobileSam,
            Architecture::LiteMedSam,
            Architecture::SamVitB,
            Architecture::SamVitL,
            Architecture::SamVitH,
            Architecture::MedSamVitB,
        ] {
            let config = SamConfig::of(architecture).expect("it runs");
            let grid = match config.encoder {
                EncoderConfig::Vit(vit) => {
                    assert_eq!(vit.channels % vit.heads, 0);
                    assert!(vit.global_blocks.iter().all(|&block| block < vit.depth));
                    config.frame / 16
                }
                EncoderConfig::TinyVit(tiny) => {
                    let merged: usize = tiny.stages[1..].iter().map(|stage| stage.stride).product();
                    config.frame / (tiny.stem.1 * tiny.stem.1 * merged)
                }
            };
            assert_eq!(grid, GRID, "{architecture:?}");
        }
        assert_eq!(SamConfig::of(Architecture::RitmHrnet32), None);
    }

    #[test]
    fn medsams_encoder_is_that_of_vit_b() {
        let encoder = |architecture| SamConfig::of(architecture).map(|config| config.encoder);
        let [medical, plain] = [Architecture::MedSamVitB, Architecture::SamVitB].map(encoder);
        assert!(medical.is_some() && medical == plain);
    }
}
