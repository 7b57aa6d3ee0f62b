//! The transposed convolution with a 2×2 kernel and stride 2, which doubles an image without
//! overlap: `y[n, 2i + a, 2j + b, o] = activation(Σ_c x[n, i, j, c] w[c, o, a, b] + bias[o])`.
//!
//! See [`conv_transpose2d()`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

#[cfg(feature = "wgpu")]
use crate::gpu;
use crate::{Activation, Device, KernelError, Tensor, gemm::Panels, timer};

pub use catalog::CATALOG;
pub use problem::ConvTransposeProblem;

/// A transposed convolution's parameters, in the device's own layout.
#[derive(Clone, Debug)]
pub struct ConvTransposeWeights {
    device: Device,
    inputs: usize,
    outputs: usize,
    packed: Packed,
    has_bias: bool,
}

#[derive(Clone, Debug)]
enum Packed {
    /// One per row of the kernel.
    Cpu([Panels; 2]),
    #[cfg(feature = "wgpu")]
    Gpu(Box<gpu::product::PackedWeights>),
}

impl ConvTransposeWeights {
    /// Packs the weight of a `torch.nn.ConvTranspose2d` with kernel 2 and stride 2,
    /// `[inputs, outputs, 2, 2]`, and its bias `[outputs]`.
    ///
    /// # Errors
    /// When the lengths do not fit `shape`, which is `[inputs, outputs]`.
    pub fn new(
        device: &Device,
        shape: [usize; 2],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<Self, KernelError> {
        let [inputs, outputs] = shape;
        let elements = inputs.checked_mul(outputs).and_then(|n| n.checked_mul(4));
        if elements != Some(weight.len()) {
            let found = [weight.len()];
            let expected = format!("{inputs} × {outputs} × 2 × 2 elements");
            return Err(KernelError::shape(
                "conv_transpose2d",
                "weight",
                &found,
                expected,
            ));
        }
        if let Some(bias) = bias.filter(|bias| bias.len() != outputs) {
            let found = [bias.len()];
            let expected = format!("[{outputs}]");
            return Err(KernelError::shape(
                "conv_transpose2d",
                "bias",
                &found,
                expected,
            ));
        }
        Ok(Self {
            device: device.clone(),
            inputs,
            outputs,
            packed: Packed::new(device, shape, weight, bias)?,
            has_bias: bias.is_some(),
        })
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

/// Doubles an image: `[n, height, width, inputs]` → `[n, 2 height, 2 width, outputs]`.
///
/// # Errors
/// When `x` has another rank or number of channels.
pub fn conv_transpose2d(
    x: &Tensor,
    weights: &ConvTransposeWeights,
    activation: Activation,
) -> Result<Tensor, KernelError> {
    let problem = ConvTransposeProblem::new(x, weights, activation)?;
    let _timed = timer::operation("conv_transpose2d", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    match &weights.packed {
        Packed::Cpu(panels) => Ok(Tensor::on_cpu(x.device(), problem.shape(), |out| {
            cpu::conv_transpose2d(weights.device.as_cpu(), &problem, x.cpu(), panels, out);
        })),
        #[cfg(feature = "wgpu")]
        Packed::Gpu(packed) => {
            let out = cube::conv_transpose2d(&problem, x.gpu(), packed)?;
            Ok(Tensor::on_gpu(x.device(), problem.shape(), out))
        }
    }
}
