//! One step of the NoBRS predictor, around any network of clicks. See [`look`] and [`conclude`].

use kernels::{
    Activation, Tensor,
    concat::{concat, slice},
    elementwise::{activate, add, multiply},
    mirror::mirror,
    resize::{Resize, resize_bilinear},
};
use ndarray::{Array2, s};

use super::zoom_in::{self, Zoom};
use crate::{
    entities::{Click, PixelBox},
    models::{ModelError, State},
};

/// A network that reads an image, the mask before, and clicks.
pub trait ClickNetwork {
    /// Returns logits `[n, h, w, 1]` of any size, for images `[n, height, width, 4]` (red, green and
    /// blue in 0..1, and the probabilities before) and a list of clicks for each.
    ///
    /// # Errors
    /// When the shapes do not fit, or the device fails.
    fn logits(&self, input: &Tensor, clicks: &[Vec<ClickInInput>]) -> Result<Tensor, ModelError>;
}

/// A click in pixels of the network's input, not necessarily whole ones, or inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClickInInput {
    /// Distance from the top row.
    pub row: f32,
    /// Distance from the leftmost column.
    pub column: f32,
    /// Whether it says «this is the object».
    pub positive: bool,
}

impl ClickInInput {
    /// Moves a click of the slice into an input of `[height, width]` that shows `crop`.
    fn new(
        click: &Click,
        crop: Option<PixelBox>,
        [height, width]: [usize; 2],
        mirrored: bool,
    ) -> Self {
        let (mut row, mut column) = (f64::from(click.y), f64::from(click.x));
        if let Some(crop) = crop {
            let [rows, columns] = zoom_in::size(crop).map(|side| side as f64);
            row = height as f64 * (row - f64::from(crop.y0)) / rows;
            column = width as f64 * (column - f64::from(crop.x0)) / columns;
        }
        if mirrored {
            column = width as f64 - column - 1.0;
        }
        Self {
            row: row as f32,
            column: column as f32,
            positive: click.positive,
        }
    }

    /// Whether the network sees it: as in the reference, not with both coordinates negative, which
    /// there marks padding.
    pub fn is_seen(&self) -> bool {
        self.row.max(self.column) >= 0.0
    }
}

/// What a network saw, before it is brought back to the slice.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Of the input and of the mirrored input, `[2, h, w, 1]`.
    logits: Tensor,
    /// Height and width of the input.
    pub input: [usize; 2],
    /// What was shown.
    pub zoom: Zoom,
}

/// Shows the network `image`, `[1, height, width, 3]` in 0..1, with all clicks so far and what the
/// last call left, in the crop that these choose; and once more mirrored.
///
/// # Errors
/// When the device fails.
pub fn look(
    network: &impl ClickNetwork,
    image: &Tensor,
    clicks: &[Click],
    state: Option<&State>,
) -> Result<Looked, ModelError> {
    let [height, width] = [image.shape()[1], image.shape()[2]];
    let zoom = zoom_in::choose(clicks, state);
    let before = match state {
        Some(state) => state.probabilities.iter().copied().collect(),
        None => vec![0.0; height * width],
    };
    let before = Tensor::from_vec(image.device(), &[1, height, width, 1], before)?;
    let mut shown = concat(&[image, &before], 3)?;
    let mut size = [height, width];
    if let Some(crop) = zoom.shown {
        shown = slice(&shown, 1, crop.y0 as usize..crop.y1 as usize + 1)?;
        shown = slice(&shown, 2, crop.x0 as usize..crop.x1 as usize + 1)?;
        size = zoom_in::input_size(crop);
        shown = resize_bilinear(&shown, Resize::to(size).align_corners())?;
    }
    let clicks = [false, true].map(|mirrored| {
        let in_input = |click: &Click| ClickInInput::new(click, zoom.shown, size, mirrored);
        clicks.iter().map(in_input).collect()
    });
    let input = concat(&[&shown, &mirror(&shown)?], 0)?;
    Ok(Looked {
        logits: network.logits(&input, &clicks)?,
        input: size,
        zoom,
    })
}

/// Brings what the network saw back to a slice of `[height, width]`: the logits at the input's size,
/// their mean with those of the mirrored input, probabilities, and these in their place.
///
/// # Errors
/// When the device fails.
pub fn conclude(looked: &Looked, [height, width]: [usize; 2]) -> Result<State, ModelError> {
    let logits = resize_bilinear(&looked.logits, Resize::to(looked.input).align_corners())?;
    let mirrored = mirror(&slice(&logits, 0, 1..2)?)?;
    let sum = add(&slice(&logits, 0, 0..1)?, &mirrored)?;
    let half = Tensor::from_vec(sum.device(), &[1], vec![0.5])?;
    let probabilities = activate(&multiply(&sum, &half)?, Activation::Sigmoid)?;
    let bounds = looked.zoom.filled.unwrap_or(PixelBox {
        x0: 0,
        y0: 0,
        x1: width as u32 - 1,
        y1: height as u32 - 1,
    });
    let size = zoom_in::size(bounds);
    let filled = resize_bilinear(&probabilities, Resize::to(size).align_corners())?;
    let filled = Array2::from_shape_vec(size, filled.to_vec()?).expect("resized to this size");
    let mut probabilities = Array2::zeros((height, width));
    let (top, left) = (bounds.y0 as usize, bounds.x0 as usize);
    probabilities
        .slice_mut(s![top..top + size[0], left..left + size[1]])
        .assign(&filled);
    Ok(State {
        probabilities,
        zoom: looked.zoom.filled,
    })
}
