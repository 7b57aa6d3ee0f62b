//! Mirroring of channel-last images left to right: `y[n, i, j, c] = x[n, i, width − 1 − j, c]`.
//! See [`mirror()`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

use crate::{KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::MirrorProblem;

/// Mirrors `x`, `[n, height, width, channels]`, left to right.
///
/// # Errors
/// When `x` has another rank, or the device fails.
pub fn mirror(x: &Tensor) -> Result<Tensor, KernelError> {
    let problem = MirrorProblem::new(x)?;
    let _timed = timer::operation("mirror", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    let shape = x.shape().to_vec();
    #[cfg(feature = "wgpu")]
    if x.device().as_gpu().is_some() {
        let out = cube::mirror(&problem, x.gpu())?;
        return Ok(Tensor::on_gpu(x.device(), shape, out));
    }
    Ok(Tensor::on_cpu(x.device(), shape, |out| {
        cpu::mirror(&problem, x.cpu(), out);
    }))
}
