//! Clicks, boxes and fed back logits as tokens and maps. See [`PromptEncoder`].

use std::f32::consts::TAU;

use kernels::{
    Activation, Epilogue, Tensor,
    conv2d::{ConvWeights, conv2d},
    elementwise::activate,
    norm::{NormWeights, layer_norm},
};
use ndarray::ArrayView2;

use super::{EMBEDDING, GRID, LOW, NORM_2D_EPSILON};
use crate::models::{
    ModelError,
    parameters::{Parameters, patches},
};

/// Random frequencies of the positional encoding; each gives a sine and a cosine.
const FREQUENCIES: usize = EMBEDDING / 2;

/// Channels between the convolutions that shrink fed back logits.
const SHRUNK: [usize; 3] = [1, 4, 16];

/// A prompt in pixels of the frame. Coordinates are (x, y); a pixel's centre lies half a pixel
/// further.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FramePrompt<'a> {
    /// Clicks, and whether they are positive.
    pub points: Vec<([f32; 2], bool)>,
    /// Top left and bottom right corner.
    pub bounds: Option<[[f32; 2]; 2]>,
    /// Low-resolution logits of an earlier prediction: 256 × 256.
    pub logits: Option<ArrayView2<'a, f32>>,
}

impl FramePrompt<'_> {
    /// Returns how many tokens the clicks and the box become.
    pub fn tokens(&self) -> usize {
        let padding = usize::from(self.needs_padding());
        self.points.len() + padding + 2 * usize::from(self.bounds.is_some())
    }

    /// Clicks without a box are followed by a point that is none.
    fn needs_padding(&self) -> bool {
        !self.points.is_empty() && self.bounds.is_none()
    }
}

/// SAM's prompt encoder.
pub struct PromptEncoder {
    /// Side of the frame in pixels.
    frame: f32,
    /// `[2, 128]`: the frequencies along x, then along y.
    frequencies: Vec<f32>,
    /// What a negative click, a positive click and the two corners add to their position.
    kinds: [Vec<f32>; 4],
    not_a_point: Vec<f32>,
    /// `[1, 1, 1, 256]`: what is added to every position of the image when no logits are fed back.
    no_logits: Tensor,
    shrink: [(ConvWeights, NormWeights); 2],
    widen: ConvWeights,
    /// `[1, 64, 64, 256]`: the encoded positions of the embedding's grid.
    positions: Tensor,
}

impl PromptEncoder {
    /// Builds it from the parameters below `prompt_encoder`, for a frame of that side.
    pub(crate) fn load(frame: usize, p: &Parameters<'_>) -> Result<Self, ModelError> {
        let frequencies = p.values(
            "pe_layer.positional_encoding_gaussian_matrix",
            &[2, FREQUENCIES],
        )?;
        let kind = |index| {
            p.at("point_embeddings")
                .at(index)
                .values("weight", &[1, EMBEDDING])
        };
        let shrink = p.at("mask_downscaling");
        let halve = |conv: usize, index: usize| {
            let layout = patches(SHRUNK[index], SHRUNK[index + 1], 2);
            let norm = shrink
                .at(conv + 1)
                .norm(SHRUNK[index + 1], NORM_2D_EPSILON)?;
            Ok::<_, ModelError>((shrink.at(conv).conv(layout, true)?, norm))
        };
        Ok(Self {
            frame: frame as f32,
            kinds: [kind(0)?, kind(1)?, kind(2)?, kind(3)?],
            not_a_point: p.values("not_a_point_embed.weight", &[1, EMBEDDING])?,
            no_logits: p
                .tensor("no_mask_embed.weight", &[1, EMBEDDING])?
                .reshape(&[1, 1, 1, EMBEDDING])?,
            shrink: [halve(0, 0)?, halve(3, 1)?],
            widen: shrink.at(6).conv(patches(SHRUNK[2], EMBEDDING, 1), true)?,
            positions: Tensor::from_vec(
                p.device(),
                &[1, GRID, GRID, EMBEDDING],
                grid_positions(&frequencies),
            )?,
            frequencies,
        })
    }

    /// Returns the encoded positions of the image embedding, `[1, 64, 64, 256]`.
    pub fn positions(&self) -> &Tensor {
        &self.positions
    }

    /// Returns what is added to the image embedding without fed back logits, `[1, 1, 1, 256]`.
    pub fn no_logits(&self) -> &Tensor {
        &self.no_logits
    }

    /// Returns the tokens of the clicks (a padding point behind them if there is no box) and of the
    /// box's corners: `[tokens, 256]`, row-major.
    pub fn sparse(&self, prompt: &FramePrompt<'_>) -> Vec<f32> {
        let mut tokens = Vec::with_capacity(prompt.tokens() * EMBEDDING);
        for &(point, positive) in &prompt.points {
            self.push_position(point, &self.kinds[usize::from(positive)], &mut tokens);
        }
        if prompt.needs_padding() {
            tokens.extend_from_slice(&self.not_a_point);
        }
        for (corner, kind) in prompt.bounds.iter().flatten().zip(&self.kinds[2..]) {
            self.push_position(*corner, kind, &mut tokens);
        }
        tokens
    }

    /// Returns what fed back logits add to the image embedding: `[n, 256, 256, 1]` to
    /// `[n, 64, 64, 256]`.
    ///
    /// # Errors
    /// When the logits have another shape, or the device fails.
    pub fn dense(&self, logits: &Tensor) -> Result<Tensor, ModelError> {
        let mut x = logits.clone();
        for (convolution, norm) in &self.shrink {
            let shrunk = conv2d(&x, convolution, Epilogue::NONE)?;
            x = activate(&layer_norm(&shrunk, norm)?, Activation::Gelu)?;
        }
        Ok(conv2d(&x, &self.widen, Epilogue::NONE)?)
    }

    /// Appends the token of a pixel.
    fn push_position(&self, [x, y]: [f32; 2], kind: &[f32], tokens: &mut Vec<f32>) {
        let position = [(x + 0.5) / self.frame, (y + 0.5) / self.frame];
        let start = tokens.len();
        push_encoding(position, &self.frequencies, tokens);
        for (value, kind) in tokens[start..].iter_mut().zip(kind) {
            *value += kind;
        }
    }
}

/// Returns the encodings of the centres of the embedding's cells, row by row.
fn grid_positions(frequencies: &[f32]) -> Vec<f32> {
    let mut positions = Vec::with_capacity(GRID * GRID * EMBEDDING);
    let centre = |index| (index as f32 + 0.5) / GRID as f32;
    for y in 0..GRID {
        for x in 0..GRID {
            push_encoding([centre(x), centre(y)], frequencies, &mut positions);
        }
    }
    positions
}

/// Appends the random Fourier features of a position in 0..1 (Tancik et al. 2020): all sines, then
/// all cosines.
fn push_encoding(position: [f32; 2], frequencies: &[f32], into: &mut Vec<f32>) {
    let [x, y] = position.map(|along| 2.0 * along - 1.0);
    let (along_x, along_y) = frequencies.split_at(FREQUENCIES);
    let angles = || {
        along_x
            .iter()
            .zip(along_y)
            .map(|(fx, fy)| TAU * (x * fx + y * fy))
    };
    into.extend(angles().map(f32::sin));
    into.extend(angles().map(f32::cos));
}

/// Returns the values of fed back logits as the prompt encoder takes them.
///
/// # Errors
/// When they are not 256 × 256.
pub(super) fn logits_values(logits: ArrayView2<'_, f32>) -> Result<Vec<f32>, ModelError> {
    if logits.dim() != (LOW, LOW) {
        return Err(ModelError::Logits {
            found: logits.dim(),
            expected: (LOW, LOW),
        });
    }
    Ok(logits.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use kernels::Device;

    use super::*;
    use crate::weights::Formula;

    fn encoder() -> PromptEncoder {
        let (source, device) = (Formula::default(), Device::cpu());
        let parameters = Parameters::new(&source, &device).at("prompt_encoder");
        PromptEncoder::load(1024, &parameters).expect("formula weights have every shape")
    }

    #[test]
    fn only_clicks_without_a_box_are_padded() {
        let points = vec![([1.0, 2.0], true), ([3.0, 4.0], false)];
        let bounds = Some([[1.0, 2.0], [3.0, 4.0]]);
        for (points, bounds, tokens) in [
            (points.clone(), None, 3),
            (points, bounds, 4),
            (vec![], bounds, 2),
            (vec![], None, 0),
        ] {
            let prompt = FramePrompt {
                points,
                bounds,
                logits: None,
            };
            assert_eq!(prompt.tokens(), tokens);
            assert_eq!(encoder().sparse(&prompt).len(), tokens * EMBEDDING);
        }
    }

    #[test]
    fn the_kind_of_a_point_is_added_to_its_position() {
        let encoder = encoder();
        let sparse = |positive| {
            encoder.sparse(&FramePrompt {
                points: vec![([511.5, 511.5], positive)],
                ..FramePrompt::default()
            })
        };
        for (positive, kind) in [(false, &encoder.kinds[0]), (true, &encoder.kinds[1])] {
            // The frame's centre is the origin: sine 0, cosine 1.
            let tokens = sparse(positive);
            for (channel, value) in tokens[..EMBEDDING].iter().enumerate() {
                let position = if channel < FREQUENCIES { 0.0 } else { 1.0 };
                assert!((value - position - kind[channel]).abs() < 1e-6);
            }
            assert_eq!(tokens[EMBEDDING..], encoder.not_a_point);
        }
    }

    #[test]
    fn the_grid_has_x_along_columns() {
        let encoder = encoder();
        let positions = encoder.positions.to_vec().expect("on the CPU");
        // Cell (row 3, column 40) is centred on pixel (40.5, 3.5) · 16 of the frame.
        let mut expected = Vec::new();
        push_encoding(
            [40.5 / 64.0, 3.5 / 64.0],
            &encoder.frequencies,
            &mut expected,
        );
        assert_eq!(
            positions[(3 * GRID + 40) * EMBEDDING..][..EMBEDDING],
            expected
        );
    }
}
