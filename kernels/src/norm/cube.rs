//! Layer norms on graphics devices.

use cubecl::prelude::*;

use super::NormProblem;
use crate::{
    Device, KernelError,
    gpu::{Buffer, Class, fold},
};

/// Units that share a row on hardware; a power of two.
const UNITS: u32 = 64;

/// Uploads weight and bias, if `device` is a graphics device.
pub(super) fn upload(
    device: &Device,
    weight: &[f32],
    bias: &[f32],
) -> Result<Option<[Buffer; 2]>, KernelError> {
    let Some(gpu) = device.as_gpu() else {
        return Ok(None);
    };
    Ok(Some([
        Buffer::upload(gpu, weight)?,
        Buffer::upload(gpu, bias)?,
    ]))
}

/// Normalises every row of `x`.
pub(super) fn layer_norm(
    problem: &NormProblem,
    x: &Buffer,
    [weight, bias]: &[Buffer; 2],
    epsilon: f32,
) -> Result<Buffer, KernelError> {
    let NormProblem { rows, channels } = *problem;
    let y = Buffer::allocate(x.gpu(), rows * channels)?;
    let units = match x.gpu().class() {
        Class::Software { plane } => plane,
        Class::Hardware => UNITS,
    };
    let (cubes_x, cubes_y) = fold(rows);
    norm_rows::launch(
        x.gpu().client(),
        CubeCount::Static(cubes_x, cubes_y, 1),
        CubeDim::new_1d(units),
        x.arg(),
        weight.arg(),
        bias.arg(),
        y.arg(),
        rows,
        channels,
        epsilon,
        units,
        x.gpu().class() != Class::Hardware,
    );
    Ok(y)
}

/// A cube normalises one row, in three passes: mean, variance, result. The cube's sums go
/// through the plane where the cube is one (`one_plane`), else through shared memory, where it
/// synchronises.
#[cube(launch)]
fn norm_rows(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    rows: usize,
    channels: usize,
    epsilon: f32,
    #[comptime] units: u32,
    #[comptime] one_plane: bool,
) {
    let row = CUBE_POS_X as usize + CUBE_POS_Y as usize * CUBE_COUNT_X as usize;
    let unit = UNIT_POS_X as usize;
    let count = comptime!(units as usize);
    // The same for all units of the cube, so they all meet at the barriers.
    if row < rows {
        let base = row * channels;
        let mut sum = 0.0f32;
        for i in range_stepped(unit, channels, count) {
            sum += x[base + i];
        }
        let mean = total(sum, units, one_plane) / channels as f32;
        let mut squares = 0.0f32;
        for i in range_stepped(unit, channels, count) {
            let distance = x[base + i] - mean;
            squares += distance * distance;
        }
        let variance = total(squares, units, one_plane) / channels as f32;
        let scale = 1.0f32 / f32::sqrt(variance + epsilon);
        for i in range_stepped(unit, channels, count) {
            y[base + i] = (x[base + i] - mean) * scale * weight[i] + bias[i];
        }
    }
}

/// Returns the sum over the cube's units, to all of them.
#[cube]
fn total(value: f32, #[comptime] units: u32, #[comptime] one_plane: bool) -> f32 {
    if comptime!(one_plane) {
        plane_sum(value)
    } else {
        let unit = UNIT_POS_X as usize;
        let mut partial = Shared::<[f32]>::new_slice(comptime!(units as usize));
        // A sum before this one may still be read.
        sync_cube();
        partial[unit] = value;
        sync_cube();
        let mut step = comptime!(units as usize / 2).runtime();
        while step > 0 {
            if unit < step {
                partial[unit] += partial[unit + step];
            }
            sync_cube();
            step /= 2;
        }
        partial[0]
    }
}
