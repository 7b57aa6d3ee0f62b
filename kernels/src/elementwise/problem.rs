//! What an element-wise operation is asked: shapes and choices, no data. See [`BinaryProblem`].

use std::fmt;

use crate::{KernelError, Tensor};

/// A commutative function of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperation {
    /// `a + b`
    Add,
    /// `a · b`
    Multiply,
}

/// The shape of a binary operation's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BinaryProblem {
    /// The function.
    pub operation: BinaryOperation,
    /// Elements of the larger operand and of the result.
    pub elements: usize,
    /// Elements of the other operand, repeated to fill the first.
    pub period: usize,
}

impl fmt::Display for BinaryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            elements, period, ..
        } = self;
        if period == elements {
            write!(f, "{elements}")
        } else {
            write!(f, "{elements}, {period} repeated")
        }
    }
}

impl BinaryProblem {
    /// Checks that `part` can be repeated to fill `whole`, which is not shorter; returns the
    /// problem and the result's shape.
    pub(super) fn new(
        operation: BinaryOperation,
        whole: &Tensor,
        part: &Tensor,
    ) -> Result<(Self, Vec<usize>), KernelError> {
        whole.device().check("elementwise", [part.device()])?;
        let ones = part.shape().iter().take_while(|&&n| n == 1).count();
        // Where both have as many axes, the shape with more of them is the result's.
        let shape = if part.shape().len() > whole.shape().len() {
            part.shape()
        } else {
            whole.shape()
        };
        if !shape.ends_with(&part.shape()[ones..]) || shape.iter().product::<usize>() != whole.len()
        {
            return Err(KernelError::shape(
                "elementwise",
                "operand",
                part.shape(),
                format!("the last axes of {:?}", whole.shape()),
            ));
        }
        let problem = Self {
            operation,
            elements: whole.len(),
            period: part.len(),
        };
        Ok((problem, shape.to_vec()))
    }
}
