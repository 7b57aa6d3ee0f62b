//! Clicks as maps, and the features added to HRNet's stem. See [`ClickMaps`].

use kernels::{
    Activation, Device, Epilogue, Tensor,
    concat::concat,
    conv2d::{ConvWeights, conv2d},
};

use super::{ClickInInput, hrnet::STEM};
use crate::models::{
    ModelError,
    parameters::{Parameters, square},
};

/// Radius of a click's disk, in pixels of the network's input.
pub const RADIUS: f32 = 5.0;

/// Channels between the two convolutions.
const HIDDEN: usize = 16;

/// From the previous mask and the clicks to features of the stem's size.
pub(super) struct ClickMaps {
    widen: ConvWeights,
    shrink: ConvWeights,
}

impl ClickMaps {
    /// Builds it from the parameters below `maps_transform`.
    pub(super) fn load(p: &Parameters<'_>) -> Result<Self, ModelError> {
        let layout = square(HIDDEN, STEM, 3, 2);
        // The learned scale counts without its sign; it is multiplied into the convolution.
        let scale = p.at(3).values("scale", &[1])?[0].abs();
        let scaled = |values: Vec<f32>| values.into_iter().map(|x| x * scale).collect::<Vec<_>>();
        let weight = scaled(p.at(2).values("weight", &[STEM, HIDDEN, 3, 3])?);
        let bias = scaled(p.at(2).values("bias", &[STEM])?);
        Ok(Self {
            widen: p.at(0).conv(square(3, HIDDEN, 1, 1), true)?,
            shrink: ConvWeights::new(p.device(), layout, &weight, Some(&bias))?,
        })
    }

    /// Returns the features plus `stem`, `[n, height/2, width/2, 64]`. `previous` is
    /// `[n, height, width, 1]`, `disks` `[n, height, width, 2]`.
    pub(super) fn add(
        &self,
        previous: &Tensor,
        disks: &Tensor,
        stem: Option<&Tensor>,
    ) -> Result<Tensor, ModelError> {
        let maps = concat(&[previous, disks], 3)?;
        let hidden = conv2d(&maps, &self.widen, Activation::LeakyRelu.into())?;
        let epilogue = Epilogue {
            activation: Activation::None,
            residual: stem,
        };
        Ok(conv2d(&hidden, &self.shrink, epilogue)?)
    }
}

/// Returns one image per list of clicks, `[lists, height, width, 2]`: 1 where a pixel's centre is
/// within [`RADIUS`] of a positive (first channel) or negative click (second), else 0.
///
/// As in the reference, squared distances are `f32`, and a click whose both coordinates are negative
/// is no click.
///
/// # Errors
/// When the device fails.
pub fn disks(
    device: &Device,
    [height, width]: [usize; 2],
    lists: &[Vec<ClickInInput>],
) -> Result<Tensor, ModelError> {
    let mut maps = vec![0.0; lists.len() * height * width * 2];
    for (clicks, map) in lists.iter().zip(maps.chunks_mut(height * width * 2)) {
        for click in clicks.iter().filter(|click| click.is_seen()) {
            for row in near(click.row, height) {
                for column in near(click.column, width) {
                    let (dy, dx) = (row as f32 - click.row, column as f32 - click.column);
                    if dy * dy + dx * dx <= RADIUS * RADIUS {
                        map[(row * width + column) * 2 + usize::from(!click.positive)] = 1.0;
                    }
                }
            }
        }
    }
    let shape = [lists.len(), height, width, 2];
    Ok(Tensor::from_vec(device, &shape, maps)?)
}

/// Returns the indices below `count` that may lie within the radius of `at`.
fn near(at: f32, count: usize) -> std::ops::Range<usize> {
    // Below 0 the conversion gives 0.
    let first = (at - RADIUS).floor() as usize;
    let last = (at + RADIUS).ceil() + 1.0;
    first.min(count)..(last as usize).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_every_pixel_within_the_radius_and_no_other() {
        let click = |row, column, positive| ClickInInput {
            row,
            column,
            positive,
        };
        let lists = [
            vec![click(3.0, 20.0, true), click(9.5, 2.25, false)],
            vec![click(-1.0, -1.0, true), click(-2.0, 4.0, false)],
        ];
        let tensor = disks(&Device::cpu(), [12, 25], &lists).expect("the CPU does not fail");
        let maps = tensor.to_vec().expect("the CPU does not fail");
        for (i, &value) in maps.iter().enumerate() {
            let (sign, column, row, list) = (i % 2, i / 2 % 25, i / 2 / 25 % 12, i / 2 / 25 / 12);
            let is_near = |click: &ClickInInput| {
                let (dy, dx) = (row as f32 - click.row, column as f32 - click.column);
                let is_click = click.row >= 0.0 || click.column >= 0.0;
                is_click && usize::from(!click.positive) == sign && dy * dy + dx * dx <= 25.0
            };
            let expected = lists[list].iter().any(is_near);
            assert_eq!(
                value > 0.5,
                expected,
                "list {list}, row {row}, column {column}"
            );
        }
        assert!(maps.iter().sum::<f32>() > 100.0);
    }
}
