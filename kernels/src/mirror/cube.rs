//! Mirroring on graphics devices.

use cubecl::prelude::*;

use super::MirrorProblem;
use crate::{
    KernelError,
    gpu::{Buffer, over},
};

/// Mirrors `x`, `[rows, width, channels]`, along its second axis.
pub(super) fn mirror(problem: &MirrorProblem, x: &Buffer) -> Result<Buffer, KernelError> {
    let MirrorProblem {
        rows,
        width,
        channels,
    } = *problem;
    let elements = rows * width * channels;
    let y = Buffer::allocate(x.gpu(), elements)?;
    if elements > 0 {
        let (cubes, units) = over(elements);
        mirror_elements::launch(
            x.gpu().client(),
            cubes,
            units,
            x.arg(),
            y.arg(),
            elements,
            width,
            channels,
        );
    }
    Ok(y)
}

/// A unit copies one element.
#[cube(launch)]
fn mirror_elements(x: &[f32], y: &mut [f32], elements: usize, width: usize, channels: usize) {
    let at = ABSOLUTE_POS;
    if at < elements {
        let pixel = at / channels;
        let column = pixel % width;
        y[at] = x[(pixel - column + (width - 1 - column)) * channels + at % channels];
    }
}
