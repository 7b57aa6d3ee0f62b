//! What element-wise operations must compute, written to be read.

use super::{BinaryOperation, BinaryProblem};
use crate::Activation;

/// Combines each element of `a` with the element of `b` at its index modulo the period.
pub fn binary(problem: &BinaryProblem, a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter()
        .enumerate()
        .map(|(i, &a)| {
            let b = b[i % problem.period];
            match problem.operation {
                BinaryOperation::Add => a + b,
                BinaryOperation::Multiply => a * b,
            }
        })
        .collect()
}

/// Applies the activation to each element.
pub fn activate(activation: Activation, x: &[f32]) -> Vec<f32> {
    x.iter()
        .map(|&x| activation.apply(f64::from(x)) as f32)
        .collect()
}
