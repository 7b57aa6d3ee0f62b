//! What a linear layer must compute, written to be read; sums in `f64`.

use super::LinearProblem;

/// Returns some rows of `activation(x wᵀ + bias + residual)`; `x` is `[rows, inputs]`, `w`
/// `[outputs, inputs]`.
pub fn linear(
    problem: &LinearProblem,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    residual: Option<&[f32]>,
    rows: impl IntoIterator<Item = usize>,
) -> Vec<f32> {
    let LinearProblem {
        inputs,
        outputs,
        activation,
        ..
    } = *problem;
    let mut out = Vec::new();
    for row in rows {
        for column in 0..outputs {
            let mut sum = 0.0;
            for input in 0..inputs {
                sum +=
                    f64::from(x[row * inputs + input]) * f64::from(weight[column * inputs + input]);
            }
            if let Some(bias) = bias {
                sum += f64::from(bias[column]);
            }
            if let Some(residual) = residual {
                sum += f64::from(residual[row * outputs + column]);
            }
            out.push(activation.apply(sum) as f32);
        }
    }
    out
}
