//! What a device can do at most: the two roofs that other operations are measured against. See
//! [`measure`].

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use rayon::prelude::*;

use crate::{
    Device, KernelError, Precision,
    simd::{Factor, Kernel, Lanes, Pair},
};

/// The roofs of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Floating point operations per second of multiply-adds on registers, in the precision of
    /// the device handle.
    pub flops_per_second: f64,
    /// Bytes per second, read and written, of a copy in the device's memory.
    pub bytes_per_second: f64,
}

impl Peak {
    /// Returns the share of the nearer roof that `cost` in `elapsed` reaches.
    pub fn share(&self, cost: crate::Cost, elapsed: Duration) -> f64 {
        let arithmetic = cost.flops as f64 / self.flops_per_second;
        let traffic = cost.bytes as f64 / self.bytes_per_second;
        arithmetic.max(traffic) / elapsed.as_secs_f64()
    }
}

/// Measures a device's roofs, in some tenths of a second: a processor's with all threads of the
/// `rayon` pool that the caller runs in, a graphics device's by its own clock.
///
/// # Errors
/// When the device fails or has no room for the copy.
pub fn measure(device: &Device) -> Result<Peak, KernelError> {
    #[cfg(feature = "wgpu")]
    if let Some(gpu) = device.as_gpu() {
        return Ok(Peak {
            flops_per_second: crate::gpu::peak::flops_per_second(gpu)?,
            bytes_per_second: crate::gpu::peak::bytes_per_second(gpu)?,
        });
    }
    let threads = rayon::current_num_threads();
    let flops = || {
        let each = (0..threads).into_par_iter();
        each.map(|_| multiply_adds(device, ROUNDS)).sum::<u64>()
    };
    let x = vec![1.0_f32; COPIED];
    let mut y = vec![0.0_f32; COPIED];
    let copy = || {
        let parts = x.par_chunks(COPIED_PART).zip(y.par_chunks_mut(COPIED_PART));
        parts.for_each(|(x, y)| y.copy_from_slice(x));
        black_box(&mut y);
        2 * size_of_val(x.as_slice()) as u64
    };
    Ok(Peak {
        flops_per_second: best_rate(flops),
        bytes_per_second: best_rate(copy),
    })
}

/// Rounds of multiply-adds: about 10 ms on a current core.
const ROUNDS: usize = 2_000_000;

/// Numbers copied: 128 MiB, more than most caches hold.
const COPIED: usize = 32 << 20;

/// Numbers that a thread copies at a time.
const COPIED_PART: usize = 256 << 10;

/// Returns the best of five rates of what `work` says it did.
fn best_rate(mut work: impl FnMut() -> u64) -> f64 {
    let rates = (0..5).map(|_| {
        let start = Instant::now();
        work() as f64 / start.elapsed().as_secs_f64()
    });
    rates.fold(0.0, f64::max)
}

/// Rows and vectors of the register tile: enough independent chains to hide the latency of any
/// multiply-add, few enough to stay in the registers of every instruction set.
const TILE: [usize; 2] = [6, 2];

/// Runs `rounds` rounds of multiply-adds on registers alone, on the calling thread, and returns
/// how many floating point operations they were. Timed by the caller, it is the peak of one
/// thread. A graphics device does nothing.
pub fn multiply_adds(device: &Device, rounds: usize) -> u64 {
    #[cfg(feature = "wgpu")]
    if device.as_gpu().is_some() {
        return 0;
    }
    let cpu = device.as_cpu();
    match cpu.precision {
        Precision::Bf16 => cpu.isa.run(Spin::<Pair>::new(rounds)),
        Precision::F32 | Precision::F16 => cpu.isa.run(Spin::<f32>::new(rounds)),
    }
}

struct Spin<F> {
    rounds: usize,
    number: F,
}

impl<F: Factor> Spin<F> {
    fn new(rounds: usize) -> Self {
        let number = F::new([0.5; 2]);
        Self { rounds, number }
    }
}

impl<F: Factor> Kernel for Spin<F> {
    type Output = u64;

    #[inline(always)]
    fn run<const N: usize>(self) -> u64 {
        const ROWS: usize = TILE[0];
        const VECTORS: usize = TILE[1];
        let numbers = black_box([self.number; ROWS]);
        let others = black_box([[self.number; N]; VECTORS]);
        let mut sums = [[Lanes::<N>::ZERO; VECTORS]; ROWS];
        for _ in 0..self.rounds {
            for (row, number) in sums.iter_mut().zip(numbers) {
                for j in 0..VECTORS {
                    row[j] = number.multiply_add(others[j], row[j]);
                }
            }
        }
        black_box(sums);
        (2 * self.rounds * ROWS * VECTORS * N * F::TERMS) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cost;

    #[test]
    fn the_nearer_roof_bounds_the_share() {
        let peak = Peak {
            flops_per_second: 100.0,
            bytes_per_second: 10.0,
        };
        let cost = Cost {
            flops: 50,
            bytes: 8,
        };
        assert!((peak.share(cost, Duration::from_secs(1)) - 0.8).abs() < 1e-9);
    }
}
