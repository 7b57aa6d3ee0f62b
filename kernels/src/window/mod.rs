//! Cutting images into windows and joining them again.
//!
//! An image is padded at the bottom and the right to whole windows; windows are in
//! row-major order within an image, images in order. See [`partition_windows`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

use crate::{KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::WindowProblem;

/// Cuts `[n, height, width, c]` into `[n · windows, window, window, c]`; each token of the padding
/// is `padding`, `c` numbers.
///
/// # Errors
/// When `x` or `padding` has another shape or is on another device, or the window has no extent.
pub fn partition_windows(
    x: &Tensor,
    window: usize,
    padding: &Tensor,
) -> Result<Tensor, KernelError> {
    let problem = WindowProblem::of_image(x, window, padding)?;
    let _timed = timer::operation("partition_windows", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    #[cfg(feature = "wgpu")]
    if x.device().as_gpu().is_some() {
        let out = cube::partition_windows(&problem, x.gpu(), padding.gpu())?;
        return Ok(Tensor::on_gpu(x.device(), problem.windows_shape(), out));
    }
    Ok(Tensor::on_cpu(x.device(), problem.windows_shape(), |out| {
        cpu::partition_windows(&problem, x.cpu(), padding.cpu(), out);
    }))
}

/// Joins what [`partition_windows`] cut from images of `height` × `width`; padding is dropped.
///
/// # Errors
/// When `x` is not `[n · windows, window, window, c]` for such images.
pub fn merge_windows(x: &Tensor, [height, width]: [usize; 2]) -> Result<Tensor, KernelError> {
    let problem = WindowProblem::of_windows(x, [height, width])?;
    let _timed = timer::operation("merge_windows", Some(x.device()), || {
        (problem, Some(problem.cost()))
    });
    #[cfg(feature = "wgpu")]
    if x.device().as_gpu().is_some() {
        let out = cube::merge_windows(&problem, x.gpu())?;
        return Ok(Tensor::on_gpu(x.device(), problem.image_shape(), out));
    }
    Ok(Tensor::on_cpu(x.device(), problem.image_shape(), |out| {
        cpu::merge_windows(&problem, x.cpu(), out);
    }))
}
