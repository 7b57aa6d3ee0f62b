//! TinyViT, the encoder of MobileSAM and LiteMedSAM (Wu et al., «TinyViT», ECCV 2022; Zhang et
//! al., «Faster Segment Anything», 2023). See [`TinyVit`].

use kernels::{
    Activation, Epilogue, Tensor,
    attention::{AttentionBias, attention},
    bottleneck::{BottleneckWeights, bottleneck},
    conv2d::{ConvWeights, conv2d},
    linear::{LinearWeights, linear},
    norm::{NormWeights, layer_norm},
    window::{merge_windows, partition_windows},
};

use super::{StageConfig, TinyVitConfig, neck::Neck};
use crate::models::{
    ModelError,
    parameters::{Parameters, depthwise, square},
};

/// Width of the hidden layer of inverted bottlenecks and MLPs, in multiples of a block's width.
const EXPANSION: usize = 4;

/// ε of `torch.nn.LayerNorm`.
const EPSILON: f32 = 1e-5;

/// A convolutional stem and stage, then stages of windowed attention, then SAM's neck.
pub struct TinyVit {
    stem: [ConvWeights; 2],
    bottlenecks: Vec<Bottleneck>,
    stages: Vec<Stage>,
    neck: Neck,
}

/// A merging and the blocks behind it.
struct Stage {
    merging: Merging,
    blocks: Vec<Block>,
}

impl TinyVit {
    /// Builds the encoder from the parameters below `image_encoder`.
    pub(crate) fn load(config: &TinyVitConfig, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let [first, attending @ ..] = &config.stages;
        let (kernel, stride) = config.stem;
        let stem = |index: usize, inputs, outputs| {
            let layout = square(inputs, outputs, kernel, stride);
            p.at("patch_embed.seq")
                .at(index)
                .conv_norm("c", "bn", layout)
        };
        let stages = attending
            .iter()
            .zip(&config.stages)
            .enumerate()
            .map(|(index, (stage, before))| {
                // The checkpoint counts a merging to the stage before it.
                let merging = p.at("layers").at(index).at("downsample");
                let blocks = p.at("layers").at(index + 1).at("blocks");
                Ok(Stage {
                    merging: Merging::load(before.channels, stage, &merging)?,
                    blocks: (0..stage.depth)
                        .map(|block| Block::load(stage, &blocks.at(block)))
                        .collect::<Result<_, ModelError>>()?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        let last = config.stages[config.stages.len() - 1];
        Ok(Self {
            stem: [
                stem(0, 3, first.channels / 2)?,
                stem(2, first.channels / 2, first.channels)?,
            ],
            bottlenecks: (0..first.depth)
                .map(|block| Bottleneck::load(first, &p.at("layers.0.blocks").at(block)))
                .collect::<Result<_, ModelError>>()?,
            stages,
            neck: Neck::load(last.channels, &p.at("neck"))?,
        })
    }

    /// Encodes `[1, frame, frame, 3]` to `[1, 64, 64, 256]`. `visit` sees each stage's result under
    /// its name in the reference.
    pub(crate) fn encode(
        &self,
        pixels: &Tensor,
        visit: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Tensor, ModelError> {
        let x = conv2d(pixels, &self.stem[0], Activation::Gelu.into())?;
        let mut x = conv2d(&x, &self.stem[1], Epilogue::NONE)?;
        visit("patch_embed", &x);
        for bottleneck in &self.bottlenecks {
            x = bottleneck.forward(&x)?;
        }
        for (index, stage) in self.stages.iter().enumerate() {
            x = stage.merging.forward(&x)?;
            visit(&format!("layer_{index}"), &x);
            for block in &stage.blocks {
                x = block.forward(&x)?;
            }
        }
        visit(&format!("layer_{}", self.stages.len()), &x);
        self.neck.forward(&x, visit)
    }
}

/// The inverted bottleneck (`MBConv`), with a residual.
struct Bottleneck(BottleneckWeights);

impl Bottleneck {
    fn load(config: &StageConfig, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let channels = config.channels;
        load_bottleneck([channels, EXPANSION * channels, channels], 1, p).map(Self)
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let epilogue = Epilogue {
            activation: Activation::Gelu,
            residual: Some(x),
        };
        Ok(bottleneck(x, &self.0, Activation::Gelu, epilogue)?)
    }
}

/// What lies between stages (`PatchMerging`): a bottleneck of the new width, which may halve the map.
struct Merging(BottleneckWeights);

impl Merging {
    fn load(from: usize, to: &StageConfig, p: &Parameters<'_>) -> Result<Self, ModelError> {
        load_bottleneck([from, to.channels, to.channels], to.stride, p).map(Self)
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        Ok(bottleneck(x, &self.0, Activation::Gelu, Epilogue::NONE)?)
    }
}

/// Loads the three convolutions of a bottleneck, each with its batch norm.
fn load_bottleneck(
    [inputs, wide, outputs]: [usize; 3],
    stride: usize,
    p: &Parameters<'_>,
) -> Result<BottleneckWeights, ModelError> {
    let layer = |name, layout| p.at(name).conv_norm("c", "bn", layout);
    Ok(BottleneckWeights::new(
        layer("conv1", square(inputs, wide, 1, 1))?,
        layer("conv2", depthwise(wide, stride))?,
        layer("conv3", square(wide, outputs, 1, 1))?,
    )?)
}

/// Attention in windows, a depthwise convolution across them, and an MLP.
struct Block {
    window: usize,
    heads: usize,
    attention_norm: NormWeights,
    /// Query, key and value side by side.
    qkv: LinearWeights,
    /// Those of a token of the windows' padding, which is zero before the norm.
    padding: Tensor,
    /// `[heads, window², window²]`
    biases: Tensor,
    out: LinearWeights,
    local: ConvWeights,
    mlp_norm: NormWeights,
    hidden: LinearWeights,
    project: LinearWeights,
}

impl Block {
    fn load(config: &StageConfig, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let StageConfig {
            channels,
            heads,
            window,
            ..
        } = *config;
        let (attn, mlp) = (p.at("attn"), p.at("mlp"));
        let offsets = attn.values("attention_biases", &[heads, window * window])?;
        let table = [heads, window * window, window * window];
        let by_head = |values: Vec<f32>, inner| by_role(&values, heads, channels / heads * inner);
        let attention_norm = attn.at("norm").norm(channels, EPSILON)?;
        let qkv = LinearWeights::new(
            p.device(),
            [3 * channels, channels],
            &by_head(
                attn.values("qkv.weight", &[3 * channels, channels])?,
                channels,
            ),
            Some(&by_head(attn.values("qkv.bias", &[3 * channels])?, 1)),
        )?;
        let zero = Tensor::from_vec(p.device(), &[channels], vec![0.0; channels])?;
        Ok(Self {
            window,
            heads,
            padding: linear(&layer_norm(&zero, &attention_norm)?, &qkv, Epilogue::NONE)?,
            attention_norm,
            qkv,
            biases: Tensor::from_vec(p.device(), &table, bias_table(&offsets, window))?,
            out: attn.at("proj").linear(channels, channels)?,
            local: p
                .at("local_conv")
                .conv_norm("c", "bn", depthwise(channels, 1))?,
            mlp_norm: mlp.at("norm").norm(channels, EPSILON)?,
            hidden: mlp.at("fc1").linear(channels, EXPANSION * channels)?,
            project: mlp.at("fc2").linear(EXPANSION * channels, channels)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let &[_, height, width, channels] = x.shape() else {
            unreachable!("every convolution before gave an image");
        };
        let normal = layer_norm(x, &self.attention_norm)?;
        let qkv = linear(&normal, &self.qkv, Epilogue::NONE)?;
        // Padding tokens take part in the attention, as in the reference.
        let qkv = partition_windows(&qkv, self.window, &self.padding)?;
        let windows = attention(
            qkv.columns(0..channels)?,
            qkv.columns(channels..2 * channels)?,
            qkv.columns(2 * channels..3 * channels)?,
            self.heads,
            AttentionBias::Table(&self.biases),
        )?;
        let merged = merge_windows(&windows, [height, width])?;
        let x = linear(&merged, &self.out, Epilogue::add(x))?;
        let x = conv2d(&x, &self.local, Epilogue::NONE)?;
        let hidden = layer_norm(&x, &self.mlp_norm)?;
        let hidden = linear(&hidden, &self.hidden, Activation::Gelu.into())?;
        Ok(linear(&hidden, &self.project, Epilogue::add(&x))?)
    }
}

/// Reorders the rows of a fused projection from head, role, channel (the checkpoint's order) to
/// role, head, channel, a role being query, key or value. `block` is the size of one head's part.
fn by_role(values: &[f32], heads: usize, block: usize) -> Vec<f32> {
    let blocks = |role| (0..heads).map(move |head| 3 * head + role);
    (0..3)
        .flat_map(blocks)
        .flat_map(|index| &values[index * block..][..block])
        .copied()
        .collect()
}

/// Spreads a bias per head and absolute offset, `[heads, window²]` with offsets row-major, to each
/// pair of tokens of a window.
fn bias_table(offsets: &[f32], window: usize) -> Vec<f32> {
    let tokens = window * window;
    let offset = |i: usize, j: usize| {
        let (dy, dx) = (
            (i / window).abs_diff(j / window),
            (i % window).abs_diff(j % window),
        );
        dy * window + dx
    };
    offsets
        .chunks(tokens)
        .flat_map(|head| {
            (0..tokens * tokens).map(move |pair| head[offset(pair / tokens, pair % tokens)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biases_depend_on_the_absolute_offset() {
        let head = [
            [0.0, 1.0, 10.0, 11.0],
            [1.0, 0.0, 11.0, 10.0],
            [10.0, 11.0, 0.0, 1.0],
            [11.0, 10.0, 1.0, 0.0],
        ];
        let table = bias_table(&[0.0, 1.0, 10.0, 11.0, 0.0, 2.0, 20.0, 22.0], 2);
        let expected = [head, head.map(|row| row.map(|bias| 2.0 * bias))];
        assert_eq!(table, expected.as_flattened().as_flattened());
    }

    #[test]
    fn fused_rows_move_from_heads_to_roles() {
        // Two heads of two channels; the value names head, role and channel.
        let values = [
            111., 112., 121., 122., 131., 132., 211., 212., 221., 222., 231., 232.,
        ];
        let expected = [
            111., 112., 211., 212., 121., 122., 221., 222., 131., 132., 231., 232.,
        ];
        assert_eq!(by_role(&values, 2, 2), expected);
    }
}
