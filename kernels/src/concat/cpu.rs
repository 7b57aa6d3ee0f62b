//! Joining and cutting on the CPU.

use std::ops::Range;

use super::AxisProblem;
use crate::parallel;

/// Writes the parts joined along their middle axis.
pub(super) fn concat(parts: &[(AxisProblem, &[f32])], out: &mut [f32]) {
    let row = parts.iter().map(|(part, _)| part.extent * part.inner).sum();
    parallel::for_rows(out, row, |i, mut out| {
        for (part, data) in parts {
            let length = part.extent * part.inner;
            let (head, rest) = out.split_at_mut(length);
            head.copy_from_slice(&data[i * length..][..length]);
            out = rest;
        }
    });
}

/// Writes a range of the middle axis of `x`.
pub(super) fn slice(problem: &AxisProblem, x: &[f32], range: Range<usize>, out: &mut [f32]) {
    parallel::for_rows(out, range.len() * problem.inner, |i, out| {
        let start = (i * problem.extent + range.start) * problem.inner;
        out.copy_from_slice(&x[start..][..out.len()]);
    });
}
