//! The product of pairs of `bfloat16`, which no loop stands for.

#![expect(
    unsafe_code,
    reason = "loads and stores of vectors take pointers, and the caller answers for the feature"
)]

use std::{
    arch::x86_64::{
        __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_loadu_si512,
        _mm512_set1_epi32, _mm512_storeu_ps,
    },
    mem::transmute,
};

use super::{Lanes, Pair};

/// Whether this processor has the instruction.
pub(super) fn has_pairs() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16")
}

/// Adds the products of both terms of `one` with those in each of 16 lanes to the sums.
///
/// # Safety
///
/// [`has_pairs`] must have returned true, and `N` be 16.
#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
pub(super) unsafe fn multiply_add_pairs<const N: usize>(
    one: u32,
    others: [Pair; N],
    sums: Lanes<N>,
) -> Lanes<N> {
    const { assert!(size_of::<Pair>() == 4) }
    // SAFETY: both types are 64 bytes of which any are valid.
    let pairs = |lanes: __m512i| unsafe { transmute::<__m512i, __m512bh>(lanes) };
    let one = pairs(_mm512_set1_epi32(one.cast_signed()));
    // SAFETY: 16 lanes of 4 bytes, and neither loads nor the store need be aligned.
    unsafe {
        let others = pairs(_mm512_loadu_si512(others.as_ptr().cast()));
        let sums = _mm512_loadu_ps(sums.0.as_ptr());
        let mut out = Lanes::<N>::ZERO;
        _mm512_storeu_ps(out.0.as_mut_ptr(), _mm512_dpbf16_ps(sums, one, others));
        out
    }
}
