//! What a core can do at most. See [`multiply_adds`].

use std::hint::black_box;

use crate::{
    Device,
    simd::{Kernel, Lanes},
};

/// Rows and vectors of the register tile: enough independent chains to hide the latency of any
/// multiply-add, few enough to stay in the registers of every instruction set.
const TILE: [usize; 2] = [6, 2];

/// Runs `rounds` rounds of multiply-adds on registers alone, on the calling thread, and returns
/// how many floating point operations they were. Timed by the caller, it is the peak that other
/// operations are measured against.
pub fn multiply_adds(device: &Device, rounds: usize) -> u64 {
    device.as_cpu().isa.run(Spin { rounds })
}

struct Spin {
    rounds: usize,
}

impl Kernel for Spin {
    type Output = u64;

    #[inline(always)]
    fn run<const N: usize>(self) -> u64 {
        const ROWS: usize = TILE[0];
        const VECTORS: usize = TILE[1];
        let factors = black_box([0.999; ROWS]);
        let terms = black_box([Lanes::<N>::splat(0.001); VECTORS]);
        let mut sums = [[Lanes::<N>::ZERO; VECTORS]; ROWS];
        for _ in 0..self.rounds {
            for (row, &factor) in sums.iter_mut().zip(&factors) {
                for j in 0..VECTORS {
                    row[j] = row[j].fma(Lanes::splat(factor), terms[j]);
                }
            }
        }
        black_box(sums);
        (2 * self.rounds * ROWS * VECTORS * N) as u64
    }
}
