//! Bilinear resizing of channel-last images in `f32`, without antialiasing, as
//! `torch.nn.functional.interpolate(mode="bilinear")` computes it.
//!
//! Output row `i` of `m` samples the `n` input rows at `(i + ½) n/m − ½`, or with aligned corners
//! at `i (n − 1)/(m − 1)`, clamped into the image; columns alike. See [`resize_bilinear`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

use crate::{KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::{Resize, ResizeProblem};

/// Resizes `[n, height, width, c]` → `[n, keep[0], keep[1], c]`.
///
/// # Errors
/// When `x` has another rank or no pixels, or more is to be kept than there is.
pub fn resize_bilinear(x: &Tensor, resize: Resize) -> Result<Tensor, KernelError> {
    let problem = ResizeProblem::new(x, resize)?;
    let _timed = timer::operation("resize", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    #[cfg(feature = "wgpu")]
    if x.device().as_gpu().is_some() {
        let out = cube::resize_bilinear(&problem, x.gpu())?;
        return Ok(Tensor::on_gpu(x.device(), problem.shape(), out));
    }
    Ok(Tensor::on_cpu(x.device(), problem.shape(), |out| {
        cpu::resize_bilinear(&problem, x.cpu(), out);
    }))
}
