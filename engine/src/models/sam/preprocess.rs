//! From a slice's pixels to the frame that the encoder sees. See [`prepare`].

use kernels::{Device, Tensor, area, pillow, spline};
use ndarray::ArrayView3;

use super::{Geometry, Preparation};
use crate::models::ModelError;

/// ImageNet's mean colour, per channel.
const MEAN: [f32; 3] = [123.675, 116.28, 103.53];

/// ImageNet's standard deviation, per channel.
const DEVIATION: [f32; 3] = [58.395, 57.12, 57.375];

/// Resizes RGB `pixels`, `[height, width, 3]`, to the frame's input, normalises them and pads them
/// with zeros at the right and the bottom: `[1, frame, frame, 3]`.
///
/// # Errors
/// When the device fails.
pub fn prepare(
    pixels: ArrayView3<'_, u8>,
    geometry: &Geometry,
    preparation: Preparation,
    device: &Device,
) -> Result<Tensor, ModelError> {
    let input = geometry.input;
    let size = [input.height, input.width];
    let resized = match preparation {
        Preparation::Sam => pillow::resize(pixels, size),
        Preparation::LiteMedSam => area::resize(pixels, size),
        Preparation::MedSam => spline::resize(pixels, size),
    };
    let tables = tables(preparation, resized.iter().copied());
    let mut frame = vec![0.0; geometry.frame * geometry.frame * 3];
    for (row, pixels) in frame
        .chunks_mut(geometry.frame * 3)
        .zip(resized.outer_iter())
    {
        for (index, (value, &pixel)) in row.iter_mut().zip(pixels.iter()).enumerate() {
            *value = tables[index % 3][usize::from(pixel)];
        }
    }
    let shape = [1, geometry.frame, geometry.frame, 3];
    Ok(Tensor::from_vec(device, &shape, frame)?)
}

/// Returns what each value of each channel becomes.
fn tables(preparation: Preparation, pixels: impl Iterator<Item = u8> + Clone) -> [[f32; 256]; 3] {
    let table = |map: &dyn Fn(f32) -> f32| std::array::from_fn(|value| map(value as f32));
    match preparation {
        Preparation::Sam => std::array::from_fn(|channel| {
            table(&|value| (value - MEAN[channel]) / DEVIATION[channel])
        }),
        Preparation::LiteMedSam | Preparation::MedSam => {
            let low = f32::from(pixels.clone().min().unwrap_or(0));
            let high = f32::from(pixels.max().unwrap_or(0));
            // An image of one value becomes black.
            let range = (high - low).max(1e-8);
            [table(&|value| (value - low) / range); 3]
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn padding_is_zero_after_normalisation() {
        let pixels = Array3::from_elem((2, 4, 3), 200);
        let geometry = Geometry::new(2, 4, 8);
        let frame = prepare(pixels.view(), &geometry, Preparation::Sam, &Device::cpu())
            .expect("the CPU does not fail");
        assert_eq!(frame.shape(), [1, 8, 8, 3]);
        let values = frame.to_vec().expect("the CPU does not fail");
        let colour: [f32; 3] =
            std::array::from_fn(|channel| (200.0 - MEAN[channel]) / DEVIATION[channel]);
        let (input, padding) = values.split_at(4 * 8 * 3);
        assert_eq!(input, colour.repeat(4 * 8));
        assert_eq!(padding, [0.0; 4 * 8 * 3]);
    }

    #[test]
    fn min_max_spans_zero_to_one() {
        let [table, ..] = tables(Preparation::LiteMedSam, [10, 60, 35].into_iter());
        assert_eq!((table[10], table[35], table[60]), (0.0, 0.5, 1.0));
        let [flat, ..] = tables(Preparation::LiteMedSam, [7, 7].into_iter());
        assert_eq!(flat[7..=7], [0.0]);
    }
}
