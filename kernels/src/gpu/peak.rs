//! What a graphics device can do at most, by its own clock. See [`flops_per_second`] and
//! [`bytes_per_second`].

use std::time::Duration;

use cubecl::{
    cmma::{self, Matrix, MatrixIdent, MatrixLayout},
    prelude::*,
};

use super::{Buffer, Gpu, MATRIX, MATRIX_PLANE, precision::with_precision};
use crate::KernelError;

/// Units of a cube.
const UNITS: u32 = 256;

/// Cubes of a launch: some for each of the largest processors' cores.
const CUBES: u32 = 1024;

/// Independent sums of a unit, or of a plane on tensor cores, which hide an instruction's latency.
const CHAINS: usize = 8;

/// Least duration of a measurement, so that starting and stopping do not count.
const LONG_ENOUGH: Duration = Duration::from_millis(4);

/// Longest time to find how long the work must be, on a slow device.
const MOST_ROUNDS: usize = 1 << 20;

/// Bytes that a copy reads, and writes: more than any cache holds.
const COPIED_BYTES: usize = 256 << 20;

/// Returns the floating point operations per second of multiply-adds on registers, in the
/// device's precision.
pub(crate) fn flops_per_second(gpu: &Gpu) -> Result<f64, KernelError> {
    let precision = gpu.precision();
    let matrices = gpu.has_tensor_cores(precision);
    let y = Buffer::allocate(gpu, (CUBES * UNITS) as usize * CHAINS)?;
    let per_round = if matrices {
        let planes = CUBES * UNITS / MATRIX_PLANE;
        2 * MATRIX.pow(3) * CHAINS * planes as usize
    } else {
        2 * CHAINS * (CUBES * UNITS) as usize
    };
    let mut rounds = 16;
    loop {
        let elapsed = time(gpu, || {
            let cubes = CubeCount::Static(CUBES, 1, 1);
            if matrices {
                with_precision!(precision, P => multiply_matrices::launch::<P>(
                    gpu.client(),
                    cubes,
                    CubeDim::new_2d(MATRIX_PLANE, UNITS / MATRIX_PLANE),
                    y.arg(),
                    rounds,
                ));
            } else {
                let units = CubeDim::new_1d(UNITS);
                multiply_add::launch(gpu.client(), cubes, units, y.arg(), rounds);
            }
        })?;
        if elapsed >= LONG_ENOUGH || rounds >= MOST_ROUNDS {
            return Ok((per_round * rounds) as f64 / elapsed.as_secs_f64());
        }
        rounds *= 4;
    }
}

/// Returns the bytes per second, read and written, of a copy in the device's memory.
pub(crate) fn bytes_per_second(gpu: &Gpu) -> Result<f64, KernelError> {
    let most = gpu.client().properties().memory.max_page_size;
    let bytes = COPIED_BYTES.min(usize::try_from(most).unwrap_or(usize::MAX) / 2);
    let vectors = bytes / size_of::<[f32; 4]>();
    let [x, y] = [
        Buffer::allocate(gpu, vectors * 4)?,
        Buffer::allocate(gpu, vectors * 4)?,
    ];
    let elapsed = time(gpu, || {
        copy::launch(
            gpu.client(),
            CubeCount::Static(CUBES, 1, 1),
            CubeDim::new_1d(UNITS),
            x.arg(),
            y.arg(),
            vectors,
        );
    })?;
    Ok((2 * vectors * size_of::<[f32; 4]>()) as f64 / elapsed.as_secs_f64())
}

/// Returns the shortest of three runs by the device's clock, after one that compiles.
fn time(gpu: &Gpu, launch: impl Fn()) -> Result<Duration, KernelError> {
    launch();
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let ((), launches) = super::timer::record(gpu, &launch)?;
        let elapsed = launches.iter().map(|launch| launch.elapsed).max();
        best = best.min(elapsed.unwrap_or(Duration::MAX));
    }
    if best == Duration::MAX || best.is_zero() {
        return Err(KernelError::Device {
            reason: "it did not say how long a kernel took".into(),
        });
    }
    Ok(best)
}

/// A unit has sums of its own.
#[cube(launch)]
fn multiply_add(y: &mut [f32], rounds: usize) {
    let mut sums = Array::<f32>::new(CHAINS);
    #[unroll]
    for i in 0..CHAINS {
        sums[i] = (UNIT_POS_X + comptime!(i as u32)) as f32;
    }
    for _ in 0..rounds {
        #[unroll]
        for i in 0..CHAINS {
            sums[i] = fma(sums[i], 0.999f32, 0.001f32);
        }
    }
    #[unroll]
    for i in 0..CHAINS {
        y[ABSOLUTE_POS * CHAINS + i] = sums[i];
    }
}

/// A plane has sums of its own on its tensor cores.
#[cube(launch)]
fn multiply_matrices<P: Float>(y: &mut [f32], rounds: usize) {
    let a = Matrix::<P>::from_value(
        MatrixIdent::A,
        MATRIX,
        MATRIX,
        MATRIX,
        MatrixLayout::RowMajor,
        P::new(0.01f32),
    );
    let b = Matrix::<P>::from_value(
        MatrixIdent::B,
        MATRIX,
        MATRIX,
        MATRIX,
        MatrixLayout::RowMajor,
        P::new(0.01f32),
    );
    let mut sums = Sequence::<Matrix<f32>>::new();
    #[unroll]
    for _ in 0..CHAINS {
        sums.push(Matrix::<f32>::from_value(
            MatrixIdent::Accumulator,
            MATRIX,
            MATRIX,
            MATRIX,
            MatrixLayout::Undefined,
            0.0f32,
        ));
    }
    for _ in 0..rounds {
        #[unroll]
        for i in 0..CHAINS {
            cmma::execute(&a, &b, &sums[i], &sums[i]);
        }
    }
    let plane = CUBE_POS_X as usize * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    #[unroll]
    for i in 0..CHAINS {
        let end = y.len();
        let at = (plane * CHAINS + i) * comptime!(MATRIX * MATRIX);
        cmma::store(
            &mut y[at..end],
            &sums[i],
            MATRIX as u32,
            MatrixLayout::RowMajor,
        );
    }
}

/// Units step over the buffer together, so that neighbours copy neighbours.
#[cube(launch)]
fn copy(x: &[Vector<f32, Const<4>>], y: &mut [Vector<f32, Const<4>>], vectors: usize) {
    let step = CUBE_COUNT_X as usize * CUBE_DIM_X as usize;
    for at in range_stepped(ABSOLUTE_POS, vectors, step) {
        y[at] = x[at];
    }
}
