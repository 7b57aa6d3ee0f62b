//! Layer normalisation over the last axis:
//! `y = (x − mean(x)) / √(variance(x) + ε) · weight + bias`, with the population variance.
//!
//! On channel-last images this is also SAM's `LayerNorm2d`. See [`layer_norm`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

#[cfg(feature = "wgpu")]
use crate::gpu;
use crate::{Device, KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::NormProblem;

/// A layer norm's parameters.
#[derive(Clone, Debug)]
pub struct NormWeights {
    device: Device,
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
    /// Weight and bias on a graphics device, if `device` is one.
    #[cfg(feature = "wgpu")]
    uploaded: Option<[gpu::Buffer; 2]>,
}

impl NormWeights {
    /// Takes weight and bias, both `[channels]`, and ε.
    ///
    /// # Errors
    /// When the lengths differ or are 0.
    pub fn new(
        device: &Device,
        weight: &[f32],
        bias: &[f32],
        epsilon: f32,
    ) -> Result<Self, KernelError> {
        if weight.len() != bias.len() || weight.is_empty() {
            let expected = format!("that of the bias, [{}], and not empty", bias.len());
            return Err(KernelError::shape(
                "norm",
                "weight",
                &[weight.len()],
                expected,
            ));
        }
        Ok(Self {
            device: device.clone(),
            weight: weight.to_vec(),
            bias: bias.to_vec(),
            epsilon,
            #[cfg(feature = "wgpu")]
            uploaded: cube::upload(device, weight, bias)?,
        })
    }
}

/// Normalises every row of `x`, `[…, channels]`.
///
/// # Errors
/// When the last axis of `x` has not the weights' channels.
pub fn layer_norm(x: &Tensor, weights: &NormWeights) -> Result<Tensor, KernelError> {
    let problem = NormProblem::new(x, weights)?;
    let _timed = timer::operation("norm", Some(x.device()), || (problem, Some(problem.cost())));
    #[cfg(feature = "wgpu")]
    if let Some(parameters) = &weights.uploaded {
        let out = cube::layer_norm(&problem, x.gpu(), parameters, weights.epsilon)?;
        return Ok(Tensor::on_gpu(x.device(), x.shape().to_vec(), out));
    }
    Ok(Tensor::on_cpu(x.device(), x.shape().to_vec(), |out| {
        cpu::layer_norm(x.device().as_cpu(), &problem, x.cpu(), weights, out);
    }))
}
