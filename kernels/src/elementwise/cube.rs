//! Element-wise operations on graphics devices.

use cubecl::prelude::*;

use super::{BinaryOperation, BinaryProblem};
use crate::{
    Activation, KernelError,
    gpu::{Buffer, epilogue, over},
};

/// Combines `a` with `b`, repeated.
pub(super) fn binary(
    problem: &BinaryProblem,
    a: &Buffer,
    b: &Buffer,
) -> Result<Buffer, KernelError> {
    let y = Buffer::allocate(a.gpu(), problem.elements)?;
    let (cubes, units) = over(problem.elements);
    binary_elements::launch(
        a.gpu().client(),
        cubes,
        units,
        a.arg(),
        b.arg(),
        y.arg(),
        problem.elements,
        problem.period,
        problem.operation,
    );
    Ok(y)
}

/// Applies the activation to each element.
pub(super) fn activate(
    elements: usize,
    x: &Buffer,
    activation: Activation,
) -> Result<Buffer, KernelError> {
    let y = Buffer::allocate(x.gpu(), elements)?;
    let (cubes, units) = over(elements);
    activate_elements::launch(
        x.gpu().client(),
        cubes,
        units,
        x.arg(),
        y.arg(),
        elements,
        activation,
    );
    Ok(y)
}

/// A unit computes one element.
#[cube(launch)]
fn binary_elements(
    a: &[f32],
    b: &[f32],
    y: &mut [f32],
    elements: usize,
    period: usize,
    #[comptime] operation: BinaryOperation,
) {
    let at = ABSOLUTE_POS;
    if at < elements {
        let other = b[at % period];
        y[at] = match comptime!(operation) {
            BinaryOperation::Add => a[at] + other,
            BinaryOperation::Multiply => a[at] * other,
        };
    }
}

/// A unit computes one element.
#[cube(launch)]
fn activate_elements(
    x: &[f32],
    y: &mut [f32],
    elements: usize,
    #[comptime] activation: Activation,
) {
    let at = ABSOLUTE_POS;
    if at < elements {
        y[at] = epilogue::activate(x[at], activation);
    }
}
