//! What a transposed convolution must compute, written to be read; sums in `f64`.

use super::ConvTransposeProblem;

/// Returns some pixels of the doubled `x`, `[batch, height, width, inputs]`, with `weight`,
/// `[inputs, outputs, 2, 2]`. Pixels are counted through the batch.
pub fn conv_transpose2d(
    problem: &ConvTransposeProblem,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    pixels: impl IntoIterator<Item = usize>,
) -> Vec<f32> {
    let ConvTransposeProblem {
        width,
        inputs,
        outputs,
        activation,
        ..
    } = *problem;
    let mut out = Vec::new();
    for pixel in pixels {
        // The batch and the rows of an image are one axis: no row of the output mixes images.
        let (i, j) = (pixel / (2 * width), pixel % (2 * width));
        let input = &x[(i / 2 * width + j / 2) * inputs..][..inputs];
        for o in 0..outputs {
            let mut sum = 0.0;
            for (c, &value) in input.iter().enumerate() {
                let tap = ((c * outputs + o) * 2 + i % 2) * 2 + j % 2;
                sum += f64::from(value) * f64::from(weight[tap]);
            }
            if let Some(bias) = bias {
                sum += f64::from(bias[o]);
            }
            out.push(activation.apply(sum) as f32);
        }
    }
    out
}
