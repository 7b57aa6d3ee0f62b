//! Joining and cutting on graphics devices.

use std::ops::Range;

use cubecl::prelude::*;

use super::AxisProblem;
use crate::{
    KernelError,
    gpu::{Buffer, Gpu, over},
};

/// Joins the parts along their middle axis.
pub(super) fn concat(gpu: &Gpu, parts: &[(AxisProblem, &Buffer)]) -> Result<Buffer, KernelError> {
    let elements = |problem: &AxisProblem| problem.outer * problem.extent * problem.inner;
    let total: usize = parts.iter().map(|(problem, _)| elements(problem)).sum();
    let y = Buffer::allocate(gpu, total)?;
    let pitch: usize = parts.iter().map(|(p, _)| p.extent * p.inner).sum();
    let mut start = 0;
    for (problem, x) in parts {
        let length = problem.extent * problem.inner;
        let target = Strided { start, pitch };
        let source = Strided {
            start: 0,
            pitch: length,
        };
        copy(gpu, (x, source), (&y, target), length, elements(problem));
        start += length;
    }
    Ok(y)
}

/// Cuts a range of the middle axis out of `x`.
pub(super) fn slice(
    problem: &AxisProblem,
    x: &Buffer,
    range: Range<usize>,
) -> Result<Buffer, KernelError> {
    let length = range.len() * problem.inner;
    let y = Buffer::allocate(x.gpu(), problem.outer * length)?;
    let source = Strided {
        start: range.start * problem.inner,
        pitch: problem.extent * problem.inner,
    };
    let target = Strided {
        start: 0,
        pitch: length,
    };
    copy(
        x.gpu(),
        (x, source),
        (&y, target),
        length,
        problem.outer * length,
    );
    Ok(y)
}

/// Rows that begin at `start` and are `pitch` apart.
#[derive(Clone, Copy)]
struct Strided {
    start: usize,
    pitch: usize,
}

/// Copies rows of `length` elements, `elements` in all.
fn copy(
    gpu: &Gpu,
    (x, source): (&Buffer, Strided),
    (y, target): (&Buffer, Strided),
    length: usize,
    elements: usize,
) {
    if elements == 0 {
        return;
    }
    let (cubes, units) = over(elements);
    copy_rows::launch(
        gpu.client(),
        cubes,
        units,
        x.arg(),
        y.arg(),
        elements,
        length,
        source.start,
        source.pitch,
        target.start,
        target.pitch,
    );
}

/// A unit copies one element.
#[cube(launch)]
fn copy_rows(
    x: &[f32],
    y: &mut [f32],
    elements: usize,
    length: usize,
    source_start: usize,
    source_pitch: usize,
    target_start: usize,
    target_pitch: usize,
) {
    let at = ABSOLUTE_POS;
    if at < elements {
        let row = at / length;
        let column = at % length;
        y[target_start + row * target_pitch + column] =
            x[source_start + row * source_pitch + column];
    }
}
