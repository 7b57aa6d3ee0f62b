//! What a gather must compute, written to be read, in `f64`.

use super::GatherProblem;

/// Returns the weighted means of `x`, `[batch, pixels, channels]`, as `[batch, channels]`.
pub fn gather(problem: &GatherProblem, x: &[f32], logits: &[f32]) -> Vec<f32> {
    let GatherProblem {
        batch,
        pixels,
        channels,
    } = *problem;
    let mut out = Vec::with_capacity(batch * channels);
    for n in 0..batch {
        let logits = &logits[n * pixels..][..pixels];
        let greatest = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let weights: Vec<f64> = logits
            .iter()
            .map(|&logit| (f64::from(logit) - f64::from(greatest)).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        for c in 0..channels {
            let value = |p: usize| f64::from(x[(n * pixels + p) * channels + c]);
            let sum: f64 = (0..pixels).map(|p| weights[p] * value(p)).sum();
            out.push((sum / total) as f32);
        }
    }
    out
}
