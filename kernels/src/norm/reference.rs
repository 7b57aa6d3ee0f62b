//! What a layer norm must compute, written to be read, in `f64`.

use super::NormProblem;

/// Normalises each row of `x`, `[rows, channels]`.
pub fn layer_norm(
    problem: &NormProblem,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
) -> Vec<f32> {
    let count = problem.channels as f64;
    let mut out = Vec::with_capacity(x.len());
    for row in x.chunks_exact(problem.channels) {
        let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let squares = row.iter().map(|&x| (f64::from(x) - mean).powi(2));
        let deviation = (squares.sum::<f64>() / count + f64::from(epsilon)).sqrt();
        for ((&x, &weight), &bias) in row.iter().zip(weight).zip(bias) {
            let y = (f64::from(x) - mean) / deviation * f64::from(weight) + f64::from(bias);
            out.push(y as f32);
        }
    }
    out
}
