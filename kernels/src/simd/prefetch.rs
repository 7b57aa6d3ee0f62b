//! Asking for memory ahead of its use. See [`prefetch`].

/// Asks the cache for the lines that hold these numbers, which are read or written soon; a processor
/// that is not told waits for each.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "the instruction takes a pointer")
)]
pub(crate) fn prefetch(numbers: &[f32]) {
    /// How many numbers a line of the cache holds.
    #[cfg(target_arch = "x86_64")]
    const LINE: usize = 16;
    #[cfg(target_arch = "x86_64")]
    for line in numbers.chunks(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every processor of this architecture has the instruction, which reads nothing and
        // never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = numbers;
}
