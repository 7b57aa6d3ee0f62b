//! Joining tensors along an axis, and cutting a range out of one. See [`concat()`] and [`slice()`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

use std::ops::Range;

use crate::{Cost, KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::AxisProblem;

/// Joins tensors along `axis`, in order; all other axes must agree.
///
/// # Errors
/// When there is no tensor, no such axis, or another axis differs.
pub fn concat(tensors: &[&Tensor], axis: usize) -> Result<Tensor, KernelError> {
    let (problems, shape) = problem::concat(tensors, axis)?;
    let device = tensors[0].device();
    let _timed = timer::operation("concat", Some(device), || {
        let costs = problems.iter().map(AxisProblem::cost);
        (format!("{shape:?}"), costs.reduce(Cost::plus))
    });
    #[cfg(feature = "wgpu")]
    if let Some(gpu) = device.as_gpu() {
        let parts = problems.iter().zip(tensors);
        let parts: Vec<_> = parts.map(|(problem, x)| (*problem, x.gpu())).collect();
        return Ok(Tensor::on_gpu(device, shape, cube::concat(gpu, &parts)?));
    }
    let parts: Vec<_> = problems
        .iter()
        .zip(tensors)
        .map(|(problem, tensor)| (*problem, tensor.cpu()))
        .collect();
    Ok(Tensor::on_cpu(device, shape, |out| {
        cpu::concat(&parts, out);
    }))
}

/// Returns a range of `axis`.
///
/// # Errors
/// When there is no such axis, or the range reaches past it.
pub fn slice(x: &Tensor, axis: usize, range: Range<usize>) -> Result<Tensor, KernelError> {
    let (problem, shape) = problem::slice(x, axis, &range)?;
    let _timed = timer::operation("slice", Some(x.device()), || {
        let taken = AxisProblem {
            extent: range.len(),
            ..problem
        };
        (taken, Some(taken.cost()))
    });
    #[cfg(feature = "wgpu")]
    if x.device().as_gpu().is_some() {
        let out = cube::slice(&problem, x.gpu(), range)?;
        return Ok(Tensor::on_gpu(x.device(), shape, out));
    }
    Ok(Tensor::on_cpu(x.device(), shape, |out| {
        cpu::slice(&problem, x.cpu(), range, out);
    }))
}
