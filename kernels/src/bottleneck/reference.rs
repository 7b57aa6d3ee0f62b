//! What a bottleneck must compute, written to be read; sums in `f64`, what lies between the
//! convolutions rounded to `f32`.

use super::BottleneckProblem;
use crate::conv2d::{Conv2dProblem, reference::conv2d};

/// The weight of a `torch.nn.Conv2d` and its bias.
pub type Parameters<'a> = (&'a [f32], Option<&'a [f32]>);

/// Returns some pixels of the result for `x`, `[batch, height, width, inputs]`. Pixels are counted
/// through the batch.
pub fn bottleneck(
    problem: &BottleneckProblem,
    x: &[f32],
    [expand, depthwise, project]: [Parameters<'_>; 3],
    residual: Option<&[f32]>,
    pixels: &[usize],
) -> Vec<f32> {
    let seen = pixels
        .iter()
        .flat_map(|&pixel| under(&problem.depthwise, pixel));
    let wide = some(&problem.expand, x, expand, seen.collect());
    let wide = some(&problem.depthwise, &wide, depthwise, pixels.to_vec());
    let (weight, bias) = project;
    let pixels = pixels.iter().copied();
    conv2d(&problem.project, &wide, weight, bias, residual, pixels)
}

/// Returns the convolution of `x` in these pixels, and 0 in all others.
fn some(
    problem: &Conv2dProblem,
    x: &[f32],
    (weight, bias): Parameters<'_>,
    mut pixels: Vec<usize>,
) -> Vec<f32> {
    pixels.sort_unstable();
    pixels.dedup();
    let channels = problem.layout.outputs;
    let mut out = vec![0.0; problem.shape().iter().product()];
    let values = conv2d(problem, x, weight, bias, None, pixels.iter().copied());
    for (pixel, values) in pixels.into_iter().zip(values.chunks(channels)) {
        out[pixel * channels..][..channels].copy_from_slice(values);
    }
    out
}

/// Returns the pixels of the input that a pixel of the result sees.
fn under(problem: &Conv2dProblem, pixel: usize) -> impl Iterator<Item = usize> {
    let Conv2dProblem {
        height,
        width,
        layout,
        ..
    } = *problem;
    let [out_height, out_width] = problem.output_size();
    let [kh, kw] = layout.kernel;
    let image = pixel / (out_height * out_width) * height;
    let along = move |at: usize, taps: usize, extent: usize| {
        let padded = at * layout.stride..at * layout.stride + taps;
        padded.filter_map(move |i| i.checked_sub(layout.padding).filter(|&i| i < extent))
    };
    let (i, j) = (pixel / out_width % out_height, pixel % out_width);
    along(i, kh, height)
        .flat_map(move |y| along(j, kw, width).map(move |x| (image + y) * width + x))
}
