//! Windows on graphics devices.

use cubecl::prelude::*;

use super::WindowProblem;
use crate::{
    KernelError,
    gpu::{Buffer, over},
};

/// Cuts images into windows.
pub(super) fn partition_windows(
    problem: &WindowProblem,
    x: &Buffer,
    padding: &Buffer,
) -> Result<Buffer, KernelError> {
    let elements = problem.windows_shape().iter().product();
    run(problem, x, Some(padding), elements)
}

/// Joins windows into images.
pub(super) fn merge_windows(problem: &WindowProblem, x: &Buffer) -> Result<Buffer, KernelError> {
    let elements = problem.image_shape().iter().product();
    run(problem, x, None, elements)
}

fn run(
    problem: &WindowProblem,
    x: &Buffer,
    padding: Option<&Buffer>,
    elements: usize,
) -> Result<Buffer, KernelError> {
    let y = Buffer::allocate(x.gpu(), elements)?;
    let [grid_rows, grid_columns] = problem.grid();
    let (cubes, units) = over(elements);
    let sizes = SizesLaunch::new(
        problem.height,
        problem.width,
        problem.channels,
        problem.window,
        grid_rows,
        grid_columns,
        elements,
    );
    let client = x.gpu().client();
    let (source, target) = (x.arg(), y.arg());
    if let Some(padding) = padding {
        let padding = padding.arg();
        partition_elements::launch(client, cubes, units, source, padding, target, sizes);
    } else {
        merge_elements::launch(client, cubes, units, source, target, sizes);
    }
    Ok(y)
}

/// The sizes of images and windows.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Sizes {
    height: usize,
    width: usize,
    channels: usize,
    window: usize,
    grid_rows: usize,
    grid_columns: usize,
    elements: usize,
}

/// A unit copies one element of a window.
#[cube(launch)]
fn partition_elements(x: &[f32], padding: &[f32], y: &mut [f32], sizes: Sizes) {
    let at = ABSOLUTE_POS;
    if at < sizes.elements {
        let channel = at % sizes.channels;
        let token = at / sizes.channels;
        let b = token % sizes.window;
        let a = token / sizes.window % sizes.window;
        let window = token / sizes.window / sizes.window;
        let column = window % sizes.grid_columns * sizes.window + b;
        let row = window / sizes.grid_columns % sizes.grid_rows * sizes.window + a;
        let image = window / sizes.grid_columns / sizes.grid_rows;
        let inside = row < sizes.height && column < sizes.width;
        let pixel = select(
            inside,
            (image * sizes.height + row) * sizes.width + column,
            0,
        );
        y[at] = select(
            inside,
            x[pixel * sizes.channels + channel],
            padding[channel],
        );
    }
}

/// A unit copies one element of an image.
#[cube(launch)]
fn merge_elements(x: &[f32], y: &mut [f32], sizes: Sizes) {
    let at = ABSOLUTE_POS;
    if at < sizes.elements {
        let channel = at % sizes.channels;
        let pixel = at / sizes.channels;
        let column = pixel % sizes.width;
        let row = pixel / sizes.width % sizes.height;
        let image = pixel / sizes.width / sizes.height;
        let window = (image * sizes.grid_rows + row / sizes.window) * sizes.grid_columns
            + column / sizes.window;
        let token =
            (window * sizes.window + row % sizes.window) * sizes.window + column % sizes.window;
        y[at] = x[token * sizes.channels + channel];
    }
}
