//! What a convolution must compute, written to be read; sums in `f64`.

use super::{Conv2dProblem, ConvLayout, Groups};

/// Returns some pixels of the convolution of `x`, `[batch, height, width, inputs]`, with `weight`,
/// `[outputs, inputs or 1, kernel height, kernel width]`. Pixels are counted through the batch.
pub fn conv2d(
    problem: &Conv2dProblem,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    residual: Option<&[f32]>,
    pixels: impl IntoIterator<Item = usize>,
) -> Vec<f32> {
    let ConvLayout {
        inputs,
        outputs,
        kernel: [kh, kw],
        stride,
        padding,
        groups,
    } = problem.layout;
    let [out_height, out_width] = problem.output_size();
    let (height, width) = (problem.height, problem.width);
    let mut out = Vec::new();
    for pixel in pixels {
        let (n, i, j) = (
            pixel / (out_height * out_width),
            pixel / out_width % out_height,
            pixel % out_width,
        );
        for o in 0..outputs {
            let mut sum = 0.0;
            for (a, b) in (0..kh).flat_map(|a| (0..kw).map(move |b| (a, b))) {
                let (y, x_) = (i * stride + a, j * stride + b);
                let inside = (padding..padding + height).contains(&y)
                    && (padding..padding + width).contains(&x_);
                if !inside {
                    continue;
                }
                let start = ((n * height + y - padding) * width + x_ - padding) * inputs;
                let tap = |fan: usize, c: usize| ((o * fan + c) * kh + a) * kw + b;
                match groups {
                    Groups::Full => {
                        for c in 0..inputs {
                            sum += f64::from(x[start + c]) * f64::from(weight[tap(inputs, c)]);
                        }
                    }
                    Groups::Depthwise => {
                        sum += f64::from(x[start + o]) * f64::from(weight[tap(1, 0)]);
                    }
                }
            }
            if let Some(bias) = bias {
                sum += f64::from(bias[o]);
            }
            if let Some(residual) = residual {
                sum += f64::from(residual[pixel * outputs + o]);
            }
            out.push(problem.activation.apply(sum) as f32);
        }
    }
    out
}
