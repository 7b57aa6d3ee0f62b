//! SAM's vision transformer (Kirillov et al., «Segment Anything», ICCV 2023; Li et al., ViTDet,
//! ECCV 2022). See [`Vit`].

use kernels::{
    Activation, Epilogue, Tensor,
    attention::{AttentionBias, attention},
    conv2d::{ConvWeights, conv2d},
    linear::{LinearWeights, linear},
    norm::{NormWeights, layer_norm},
    window::{merge_windows, partition_windows},
};

use super::{VitConfig, neck::Neck};
use crate::models::{
    ModelError,
    parameters::{Parameters, patches},
};

/// Side of a patch in pixels.
pub(super) const PATCH: usize = 16;

/// Width of the MLPs' hidden layer, in multiples of a token's width.
const EXPANSION: usize = 4;

/// ε of the encoder's layer norms.
const EPSILON: f32 = 1e-6;

/// Patches, blocks of windowed or global attention, then SAM's neck.
pub struct Vit {
    patches: ConvWeights,
    /// `[1, grid, grid, channels]`
    positions: Tensor,
    blocks: Vec<Block>,
    neck: Neck,
}

impl Vit {
    /// Builds the encoder from the parameters below `image_encoder`.
    pub(crate) fn load(config: &VitConfig, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let (grid, channels) = (config.grid, config.channels);
        Ok(Self {
            patches: p
                .at("patch_embed.proj")
                .conv(patches(3, channels, PATCH), true)?,
            positions: p.tensor("pos_embed", &[1, grid, grid, channels])?,
            blocks: (0..config.depth)
                .map(|index| {
                    let window = (!config.global_blocks.contains(&index)).then_some(config.window);
                    Block::load(config, window, &p.at("blocks").at(index))
                })
                .collect::<Result<_, _>>()?,
            neck: Neck::load(channels, &p.at("neck"))?,
        })
    }

    /// Encodes `[1, 16 grid, 16 grid, 3]` to `[1, grid, grid, 256]`. `visit` sees each block's
    /// result under its name in the reference.
    pub(crate) fn encode(
        &self,
        pixels: &Tensor,
        visit: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Tensor, ModelError> {
        let mut x = conv2d(pixels, &self.patches, Epilogue::add(&self.positions))?;
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x)?;
            visit(&format!("block_{index}"), &x);
        }
        self.neck.forward(&x, visit)
    }
}

/// Attention, in windows or over the whole image, and an MLP, both with a residual.
struct Block {
    /// The windows' side in tokens; `None` attends to the whole image.
    window: Option<usize>,
    heads: usize,
    attention_norm: NormWeights,
    /// Query, key and value side by side.
    qkv: LinearWeights,
    /// Those of a token of the windows' padding, which is zero after the norm.
    padding: Tensor,
    /// `[2 side − 1, channels / heads]`, the side being that of what is attended to.
    rows: Tensor,
    columns: Tensor,
    out: LinearWeights,
    mlp_norm: NormWeights,
    hidden: LinearWeights,
    project: LinearWeights,
}

impl Block {
    fn load(
        config: &VitConfig,
        window: Option<usize>,
        p: &Parameters<'_>,
    ) -> Result<Self, ModelError> {
        let (channels, heads) = (config.channels, config.heads);
        let attn = p.at("attn");
        let table = [2 * window.unwrap_or(config.grid) - 1, channels / heads];
        Ok(Self {
            window,
            heads,
            attention_norm: p.at("norm1").norm(channels, EPSILON)?,
            padding: attn.at("qkv").tensor("bias", &[3 * channels])?,
            qkv: attn.at("qkv").linear(channels, 3 * channels)?,
            rows: attn.tensor("rel_pos_h", &table)?,
            columns: attn.tensor("rel_pos_w", &table)?,
            out: attn.at("proj").linear(channels, channels)?,
            mlp_norm: p.at("norm2").norm(channels, EPSILON)?,
            hidden: p.at("mlp.lin1").linear(channels, EXPANSION * channels)?,
            project: p.at("mlp.lin2").linear(EXPANSION * channels, channels)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let normal = layer_norm(x, &self.attention_norm)?;
        let qkv = linear(&normal, &self.qkv, Epilogue::NONE)?;
        let attended = match self.window {
            None => self.attend(&qkv)?,
            Some(window) => {
                // Padding tokens take part in the attention, as in the reference.
                let windows = self.attend(&partition_windows(&qkv, window, &self.padding)?)?;
                merge_windows(&windows, [x.shape()[1], x.shape()[2]])?
            }
        };
        let x = linear(&attended, &self.out, Epilogue::add(x))?;
        let hidden = layer_norm(&x, &self.mlp_norm)?;
        let hidden = linear(&hidden, &self.hidden, Activation::Gelu.into())?;
        Ok(linear(&hidden, &self.project, Epilogue::add(&x))?)
    }

    /// Self-attention within each image or window.
    fn attend(&self, qkv: &Tensor) -> Result<Tensor, ModelError> {
        let channels = self.qkv.inputs();
        Ok(attention(
            qkv.columns(0..channels)?,
            qkv.columns(channels..2 * channels)?,
            qkv.columns(2 * channels..3 * channels)?,
            self.heads,
            AttentionBias::RelativePositions {
                rows: &self.rows,
                columns: &self.columns,
            },
        )?)
    }
}
