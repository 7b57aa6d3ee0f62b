//! Shuffles that the compiler does not find by itself: it moves the numbers one by one.

#![expect(
    unsafe_code,
    reason = "loads and stores of vectors take pointers, and the caller answers for the feature"
)]

use std::arch::x86_64::{
    __m256, _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_shuffle_ps, _mm256_storeu_ps,
    _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

/// Whether this processor has the instructions; asked once, then remembered.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx")
}

/// Exchanges rows and columns of a square in registers.
///
/// # Safety
///
/// [`is_available`] must have returned true.
#[target_feature(enable = "avx")]
#[inline]
pub(super) unsafe fn transpose(square: &mut [[f32; 8]; 8]) {
    // SAFETY: each line holds 8 numbers, and the load need not be aligned.
    let lines = square
        .each_ref()
        .map(|line| unsafe { _mm256_loadu_ps(line.as_ptr()) });
    let columns = exchange_halves(exchange_pairs(exchange_singles(lines)));
    for (line, column) in square.iter_mut().zip(columns) {
        // SAFETY: the line holds 8 numbers, and the store need not be aligned.
        unsafe { _mm256_storeu_ps(line.as_mut_ptr(), column) };
    }
}

/// Interleaves neighbouring lines within each half.
#[target_feature(enable = "avx")]
#[inline]
fn exchange_singles([a, b, c, d, e, f, g, h]: [__m256; 8]) -> [__m256; 8] {
    [
        _mm256_unpacklo_ps(a, b),
        _mm256_unpackhi_ps(a, b),
        _mm256_unpacklo_ps(c, d),
        _mm256_unpackhi_ps(c, d),
        _mm256_unpacklo_ps(e, f),
        _mm256_unpackhi_ps(e, f),
        _mm256_unpacklo_ps(g, h),
        _mm256_unpackhi_ps(g, h),
    ]
}

/// Joins pairs of two lines to columns of four within each half.
#[target_feature(enable = "avx")]
#[inline]
fn exchange_pairs([a, b, c, d, e, f, g, h]: [__m256; 8]) -> [__m256; 8] {
    const LOW: i32 = 0b01_00_01_00;
    const HIGH: i32 = 0b11_10_11_10;
    [
        _mm256_shuffle_ps::<LOW>(a, c),
        _mm256_shuffle_ps::<HIGH>(a, c),
        _mm256_shuffle_ps::<LOW>(b, d),
        _mm256_shuffle_ps::<HIGH>(b, d),
        _mm256_shuffle_ps::<LOW>(e, g),
        _mm256_shuffle_ps::<HIGH>(e, g),
        _mm256_shuffle_ps::<LOW>(f, h),
        _mm256_shuffle_ps::<HIGH>(f, h),
    ]
}

/// Joins columns of four lines to columns of eight.
#[target_feature(enable = "avx")]
#[inline]
fn exchange_halves([a, b, c, d, e, f, g, h]: [__m256; 8]) -> [__m256; 8] {
    const LOWER: i32 = 0x20;
    const UPPER: i32 = 0x31;
    [
        _mm256_permute2f128_ps::<LOWER>(a, e),
        _mm256_permute2f128_ps::<LOWER>(b, f),
        _mm256_permute2f128_ps::<LOWER>(c, g),
        _mm256_permute2f128_ps::<LOWER>(d, h),
        _mm256_permute2f128_ps::<UPPER>(a, e),
        _mm256_permute2f128_ps::<UPPER>(b, f),
        _mm256_permute2f128_ps::<UPPER>(c, g),
        _mm256_permute2f128_ps::<UPPER>(d, h),
    ]
}
