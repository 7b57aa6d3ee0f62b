//! The batched product of two tensors: `y[n, r, s] = Σ_i a[n, r, i] b[n, s, i]`.
//!
//! Both have their summed axis last, as tokens have: this is what turns mask tokens and upscaled
//! pixels into masks, which come out channel-first. See [`matmul_transposed`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

use crate::{KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::MatmulProblem;

/// Returns `a bᵀ` for each of the batch: `[n, rows, inner]`, `[n, columns, inner]` →
/// `[n, rows, columns]`.
///
/// # Errors
/// When the shapes are not of that form.
pub fn matmul_transposed(a: &Tensor, b: &Tensor) -> Result<Tensor, KernelError> {
    let problem = MatmulProblem::new(a, b)?;
    let _timed = timer::operation("matmul", Some(a.device()), || {
        (problem, Some(problem.cost()))
    });
    #[cfg(feature = "wgpu")]
    if a.device().as_gpu().is_some() {
        let out = cube::matmul_transposed(&problem, a.gpu(), b.gpu())?;
        return Ok(Tensor::on_gpu(a.device(), problem.shape(), out));
    }
    Ok(Tensor::on_cpu(a.device(), problem.shape(), |out| {
        cpu::matmul_transposed(a.device().as_cpu(), &problem, a.cpu(), b.cpu(), out);
    }))
}
