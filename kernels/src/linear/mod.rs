//! The affine map of every row: `y[r, o] = activation(Σ_i x[r, i] w[o, i] + b[o] + residual[r, o])`.
//!
//! `x` is `[…, inputs]`, the result `[…, outputs]`; all axes but the last are rows. See
//! [`linear()`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

#[cfg(feature = "wgpu")]
use crate::gpu;
use crate::{Device, Epilogue, KernelError, Tensor, gemm::Panels, timer};

pub use catalog::CATALOG;
pub use problem::LinearProblem;

/// A linear layer's parameters, in the device's own layout.
#[derive(Clone, Debug)]
pub struct LinearWeights {
    device: Device,
    packed: Packed,
    inputs: usize,
    outputs: usize,
    has_bias: bool,
}

#[derive(Clone, Debug)]
enum Packed {
    Cpu(Panels),
    #[cfg(feature = "wgpu")]
    Gpu(Box<gpu::product::PackedWeights>),
}

impl LinearWeights {
    /// Packs the weight of a `torch.nn.Linear`, `[outputs, inputs]`, and its bias `[outputs]`.
    ///
    /// # Errors
    /// When the lengths do not fit `shape`.
    pub fn new(
        device: &Device,
        shape: [usize; 2],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, KernelError> {
        let [outputs, inputs] = shape;
        if outputs.checked_mul(inputs) != Some(weight.len()) {
            let found = [weight.len()];
            let expected = format!("{outputs} × {inputs} elements");
            return Err(KernelError::shape("linear", "weight", &found, expected));
        }
        if let Some(bias) = bias.filter(|bias| bias.len() != outputs) {
            let expected = format!("[{outputs}]");
            return Err(KernelError::shape(
                "linear",
                "bias",
                &[bias.len()],
                expected,
            ));
        }
        Ok(Self {
            device: device.clone(),
            packed: Packed::new(device, shape, weight, bias)?,
            inputs,
            outputs,
            has_bias: bias.is_some(),
        })
    }

    /// Returns the number of input features.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Returns the number of output features.
    pub fn outputs(&self) -> usize {
        self.outputs
    }
}

impl Packed {
    #[cfg_attr(
        not(feature = "wgpu"),
        expect(
            clippy::unnecessary_wraps,
            reason = "a graphics device may have no room"
        )
    )]
    fn new(
        device: &Device,
        shape: [usize; 2],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, KernelError> {
        #[cfg(feature = "wgpu")]
        if let Some(gpu) = device.as_gpu() {
            return cube::pack(gpu, shape, weight, bias)
                .map(Box::new)
                .map(Self::Gpu);
        }
        Ok(Self::Cpu(cpu::pack(device.as_cpu(), shape, weight, bias)))
    }
}

/// Applies a linear layer to every row of `x`, `[…, inputs]` → `[…, outputs]`.
///
/// # Errors
/// When the last axis of `x` is not [`LinearWeights::inputs`], or the residual's shape is not the
/// result's.
pub fn linear(
    x: &Tensor,
    weights: &LinearWeights,
    epilogue: Epilogue<'_>,
) -> Result<Tensor, KernelError> {
    let (problem, shape) = LinearProblem::new(x, weights, &epilogue)?;
    let _timed = timer::operation("linear", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    match &weights.packed {
        Packed::Cpu(panels) => {
            let residual = epilogue.residual.map(Tensor::cpu);
            Ok(Tensor::on_cpu(x.device(), shape, |out| {
                let cpu = weights.device.as_cpu();
                cpu::linear(cpu, &problem, x.cpu(), panels, residual, out);
            }))
        }
        #[cfg(feature = "wgpu")]
        Packed::Gpu(packed) => {
            let residual = epilogue.residual.map(Tensor::gpu);
            let out = cube::linear(&problem, x.gpu(), packed, residual)?;
            Ok(Tensor::on_gpu(x.device(), shape, out))
        }
    }
}
