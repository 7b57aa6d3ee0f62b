//! The spatial gather of object-contextual representations (Yuan, Chen and Wang 2020, eq. 1), for
//! one object: the mean of all pixels, weighted by the softmax of the object's logits,
//!
//! `y[n, c] = Σ_p softmax_p(logits[n, p]) x[n, p, c]`.
//!
//! `x` is `[n, …, channels]`, `logits` `[n, …, 1]`; all axes between the first and the last are
//! pixels. See [`gather()`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

use crate::{KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::GatherProblem;

/// Returns the weighted means of `x`, `[n, 1, 1, channels]`.
///
/// # Errors
/// When `logits` has not one number per pixel of `x`, there is no pixel, or the device fails.
pub fn gather(x: &Tensor, logits: &Tensor) -> Result<Tensor, KernelError> {
    let problem = GatherProblem::new(x, logits)?;
    let _timed = timer::operation("gather", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    let shape = vec![problem.batch, 1, 1, problem.channels];
    #[cfg(feature = "wgpu")]
    if x.device().as_gpu().is_some() {
        let out = cube::gather(&problem, x.gpu(), logits.gpu())?;
        return Ok(Tensor::on_gpu(x.device(), shape, out));
    }
    Ok(Tensor::on_cpu(x.device(), shape, |out| {
        cpu::gather(x.device().as_cpu(), &problem, x.cpu(), logits.cpu(), out);
    }))
}
