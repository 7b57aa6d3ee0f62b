//! What joining and cutting are asked: shapes, no data. See [`AxisProblem`].

use std::{fmt, ops::Range};

use crate::{KernelError, Tensor};

/// A tensor seen as three axes, the middle one being the one to join or cut along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxisProblem {
    /// The product of the extents before the axis.
    pub outer: usize,
    /// The axis.
    pub extent: usize,
    /// The product of the extents after the axis.
    pub inner: usize,
}

impl fmt::Display for AxisProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.outer, self.extent, self.inner)
    }
}

impl AxisProblem {
    fn new(shape: &[usize], axis: usize) -> Option<Self> {
        Some(Self {
            outer: shape.get(..axis)?.iter().product(),
            extent: *shape.get(axis)?,
            inner: shape.get(axis + 1..)?.iter().product(),
        })
    }
}

/// Checks the arguments of a join; returns each part's problem and the result's shape.
pub(super) fn concat(
    tensors: &[&Tensor],
    axis: usize,
) -> Result<(Vec<AxisProblem>, Vec<usize>), KernelError> {
    let Some(first) = tensors.first() else {
        return Err(KernelError::shape("concat", "tensors", &[], "at least one"));
    };
    let devices = tensors.iter().map(|tensor| tensor.device());
    first.device().check("concat", devices)?;
    let mut shape = first.shape().to_vec();
    let mut problems = Vec::with_capacity(tensors.len());
    let mut extent = 0;
    for tensor in tensors {
        let mut expected = shape.clone();
        if let (Some(expected), Some(&found)) = (expected.get_mut(axis), tensor.shape().get(axis)) {
            *expected = found;
        }
        let problem = AxisProblem::new(tensor.shape(), axis)
            .filter(|_| tensor.shape() == expected)
            .ok_or_else(|| {
                let expected = format!("{shape:?}, but for axis {axis}");
                KernelError::shape("concat", "tensor", tensor.shape(), expected)
            })?;
        extent += problem.extent;
        problems.push(problem);
    }
    shape[axis] = extent;
    Ok((problems, shape))
}

/// Checks the arguments of a cut; returns the problem and the result's shape.
pub(super) fn slice(
    x: &Tensor,
    axis: usize,
    range: &Range<usize>,
) -> Result<(AxisProblem, Vec<usize>), KernelError> {
    let problem = AxisProblem::new(x.shape(), axis)
        .filter(|problem| range.start <= range.end && range.end <= problem.extent)
        .ok_or_else(|| {
            let expected = format!("an axis {axis} that holds {range:?}");
            KernelError::shape("slice", "x", x.shape(), expected)
        })?;
    let mut shape = x.shape().to_vec();
    shape[axis] = range.len();
    Ok((problem, shape))
}
