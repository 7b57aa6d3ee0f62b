//! What joining and cutting must compute, written to be read.

use std::ops::Range;

use super::AxisProblem;

/// Joins the parts along their middle axis.
pub fn concat(parts: &[(AxisProblem, &[f32])]) -> Vec<f32> {
    let outer = parts.first().map_or(0, |(problem, _)| problem.outer);
    let mut out = Vec::new();
    for i in 0..outer {
        for (problem, data) in parts {
            let length = problem.extent * problem.inner;
            out.extend_from_slice(&data[i * length..][..length]);
        }
    }
    out
}

/// Cuts a range of the middle axis out of `x`.
pub fn slice(problem: &AxisProblem, x: &[f32], range: Range<usize>) -> Vec<f32> {
    let mut out = Vec::with_capacity(problem.outer * range.len() * problem.inner);
    for i in 0..problem.outer {
        let start = (i * problem.extent + range.start) * problem.inner;
        out.extend_from_slice(&x[start..][..range.len() * problem.inner]);
    }
    out
}
