//! Element by element: `a + b`, `a · b` and `activation(x)`.
//!
//! Of two operands one may have the shape of the other's last axes (leading axes of 1 are
//! dropped); it is then repeated. See [`add`].

mod catalog;
mod cost;
mod cpu;
#[cfg(feature = "wgpu")]
mod cube;
mod problem;
pub mod reference;

use crate::{Activation, Cost, KernelError, Tensor, timer};

pub use catalog::CATALOG;
pub use problem::{BinaryOperation, BinaryProblem};

/// Returns `a + b`.
///
/// # Errors
/// When neither shape ends in the other.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor, KernelError> {
    binary(BinaryOperation::Add, a, b)
}

/// Returns `a · b`, element by element.
///
/// # Errors
/// When neither shape ends in the other.
pub fn multiply(a: &Tensor, b: &Tensor) -> Result<Tensor, KernelError> {
    binary(BinaryOperation::Multiply, a, b)
}

fn binary(operation: BinaryOperation, a: &Tensor, b: &Tensor) -> Result<Tensor, KernelError> {
    // Both operations commute, so the repeated operand is always the second.
    let (whole, part) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let (problem, shape) = BinaryProblem::new(operation, whole, part)?;
    let name = match operation {
        BinaryOperation::Add => "add",
        BinaryOperation::Multiply => "multiply",
    };
    let _timed = timer::operation(name, Some(a.device()), || (problem, Some(problem.cost())));
    #[cfg(feature = "wgpu")]
    if a.device().as_gpu().is_some() {
        let out = cube::binary(&problem, whole.gpu(), part.gpu())?;
        return Ok(Tensor::on_gpu(a.device(), shape, out));
    }
    Ok(Tensor::on_cpu(a.device(), shape, |out| {
        cpu::binary(&problem, whole.cpu(), part.cpu(), out);
    }))
}

/// Returns `activation(x)`.
///
/// # Errors
/// When the device fails.
pub fn activate(x: &Tensor, activation: Activation) -> Result<Tensor, KernelError> {
    let _timed = timer::operation("activate", Some(x.device()), || {
        let cost = Cost::new(0, 2 * x.len());
        (format!("{}{}", x.len(), activation.label()), Some(cost))
    });
    #[cfg(feature = "wgpu")]
    if x.device().as_gpu().is_some() {
        let out = cube::activate(x.len(), x.gpu(), activation)?;
        return Ok(Tensor::on_gpu(x.device(), x.shape().to_vec(), out));
    }
    Ok(Tensor::on_cpu(x.device(), x.shape().to_vec(), |out| {
        cpu::activate(x.device().as_cpu(), activation, x.cpu(), out);
    }))
}
