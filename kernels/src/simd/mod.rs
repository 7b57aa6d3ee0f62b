//! One source, several instruction sets. See [`Isa`] and [`Kernel`].
//!
//! A [`Kernel`] is written over [`Lanes`], plain arrays of `N` numbers whose loops the compiler
//! turns into vector instructions. [`Isa::run`] compiles it once per instruction set, by
//! inlining it into a function that enables the set, and calls the one this processor has. That
//! call, a transposition in registers, and the product of pairs are the unsafe code of the
//! processor's side.

#[cfg(target_arch = "x86_64")]
mod avx;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod factor;
mod lanes;
mod math;
mod pair;
mod prefetch;
mod transpose;

pub(crate) use factor::{Factor, pack};
pub(crate) use lanes::{Lanes, fma};
pub(crate) use math::{activate, activated, exp_nonpositive, exp2_nonpositive};
pub(crate) use pair::{Pair, pack_row};
pub(crate) use prefetch::prefetch;
pub(crate) use transpose::Transpose;

/// An instruction set that this processor was found to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// 512-bit vectors and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// Also products of pairs of 16 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
    /// 256-bit vectors and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 128-bit vectors, which every 64-bit target has (SSE2, NEON).
    Baseline,
}

/// Arithmetic written over [`Lanes`].
pub(crate) trait Kernel {
    /// What it computes.
    type Output;

    /// Runs on vectors of `N` numbers: 16, 8 or 4. Implementations, and all they call in their
    /// hot loops, must be `#[inline(always)]`, or they are compiled for the baseline.
    fn run<const N: usize>(self) -> Self::Output;
}

impl Isa {
    /// Returns every instruction set of this processor, the fastest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 && is_x86_feature_detected!("avx512f") {
                sets.push(Self(Set::Avx512));
            }
            if avx2 {
                sets.push(Self(Set::Avx2));
            }
        }
        sets.push(Self(Set::Baseline));
        sets
    }

    /// Returns the fastest instruction set of this processor.
    pub(crate) fn best() -> Self {
        Self::available()[0]
    }

    /// Returns the set for products of pairs on the same processor: of this width where it has
    /// instructions for them, of one where the compiler's serve otherwise.
    pub(crate) fn for_pairs(self) -> Self {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 if avx512::has_pairs() => Self(Set::Avx512Bf16),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => Self(Set::Avx2),
            _ => self,
        }
    }

    /// Returns the name used in device names.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Bf16 => "avx512-bf16",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            Set::Baseline => "baseline",
        }
    }

    /// Returns how many numbers a vector holds.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 | Set::Avx512Bf16 => 16,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => 8,
            Set::Baseline => 4,
        }
    }

    /// Runs `kernel` with this instruction set.
    #[expect(
        unsafe_code,
        reason = "the compiler cannot know what `available` found"
    )]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `available` builds this value only where both features were detected.
            Set::Avx512 => unsafe { run_avx512(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `for_pairs` builds this value only where all features were detected.
            Set::Avx512Bf16 => unsafe { run_avx512_bf16(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `available` builds this value only where both features were detected.
            Set::Avx2 => unsafe { run_avx2(kernel) },
            Set::Baseline => kernel.run::<4>(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<16>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bf16,avx2,fma")]
fn run_avx512_bf16<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<16>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<8>()
}
