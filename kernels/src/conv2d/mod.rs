//! Convolution of channel-last images, as `torch.nn.Conv2d` computes it:
//!
//! `y[n, i, j, o] = activation(Σ_abc x[n, i s + a − p, j s + b − p, c] w[o, c, a, b] + bias[o] + …)`
//!
//! with stride `s` and padding `p`, pixels outside the image being zero, and `…` the residual.
//!
//! Depthwise, each output channel sees its own input channel only. See [`conv2d()`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
pub(crate) mod depthwise;
mod problem;
pub mod reference;
mod weights;
mod winograd;

use crate::{Epilogue, KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::{Conv2dProblem, ConvLayout, Groups};
use weights::Packed;
pub use weights::{BatchNorm, ConvWeights};

/// Convolves `x`, `[n, height, width, inputs]` → `[n, height', width', outputs]` with
/// `height' = (height + 2·padding − kernel) / stride + 1`, rounded down.
///
/// # Errors
/// When `x` has another rank or number of channels, is smaller than the kernel, or the residual's
/// shape is not the result's.
pub fn conv2d(
    x: &Tensor,
    weights: &ConvWeights,
    epilogue: Epilogue<'_>,
) -> Result<Tensor, KernelError> {
    let problem = Conv2dProblem::new(x, weights, &epilogue)?;
    let _timed = timer::operation("conv2d", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    match &weights.packed {
        Packed::Cpu(packed) => {
            let residual = epilogue.residual.map(Tensor::cpu);
            Ok(Tensor::on_cpu(x.device(), problem.shape(), |out| {
                let cpu = weights.device().as_cpu();
                cpu::conv2d(cpu, &problem, x.cpu(), packed, residual, out);
            }))
        }
        #[cfg(feature = "wgpu")]
        Packed::Gpu(packed) => {
            let residual = epilogue.residual.map(Tensor::gpu);
            let out = cube::conv2d(&problem, x.gpu(), packed, residual)?;
            Ok(Tensor::on_gpu(x.device(), problem.shape(), out))
        }
    }
}
