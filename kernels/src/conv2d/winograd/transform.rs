//! The three transforms of F(4 × 4, 3 × 3), from the points 0, 1, −1, ½, −2 and ∞.
//!
//! These points round least (Barabasz et al. 2020, ACM Trans. Math. Softw. 46, 37): the usual 0, ±1,
//! ±2 err three times as much. All numbers of the transforms of patches and of results are exact in
//! binary.

use crate::simd::Lanes;

/// Rows and columns of a patch.
pub(super) const PATCH: usize = 6;
/// Rows and columns of what a patch gives.
pub(super) const RESULT: usize = 4;

/// Returns the transform of a kernel, row after row.
pub(super) fn kernel(taps: &[f32; 9]) -> [f32; PATCH * PATCH] {
    /// How much each tap of a line weighs.
    const G: [[f64; 3]; PATCH] = [
        [1.0, 0.0, 0.0],
        [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0],
        [-1.0 / 3.0, 1.0 / 3.0, -1.0 / 3.0],
        [-16.0 / 15.0, -8.0 / 15.0, -4.0 / 15.0],
        [1.0 / 15.0, -2.0 / 15.0, 4.0 / 15.0],
        [0.0, 0.0, 1.0],
    ];
    let mut transformed = [0.0; PATCH * PATCH];
    for (position, value) in transformed.iter_mut().enumerate() {
        let (down, across) = (G[position / PATCH], G[position % PATCH]);
        let terms = taps.iter().enumerate();
        let sum: f64 = terms
            .map(|(tap, &weight)| down[tap / 3] * across[tap % 3] * f64::from(weight))
            .sum();
        *value = sum as f32;
    }
    transformed
}

/// Returns the transform of a line of a patch.
#[inline(always)]
pub(super) fn patch<const N: usize>(x: [Lanes<N>; PATCH]) -> [Lanes<N>; PATCH] {
    let times = |factor: f32, x: Lanes<N>, sum: Lanes<N>| Lanes::splat(factor).fma(x, sum);
    let (odd, even) = (x[3] - x[1], x[4] - x[2]);
    [
        times(1.5, odd, times(-2.0, x[2], x[0] + x[4])),
        times(2.5, x[3], times(0.5, x[2], x[4] - x[1])),
        times(0.5, x[3], times(-2.5, x[2], x[4] + x[1])),
        times(2.0, odd, even),
        times(-0.5, odd, even),
        times(1.5, even, times(-2.0, x[3], x[1] + x[5])),
    ]
}

/// Returns a line of results from a line of products.
#[inline(always)]
pub(super) fn result<const N: usize>(x: [Lanes<N>; PATCH]) -> [Lanes<N>; RESULT] {
    let times = |factor: f32, x: Lanes<N>, sum: Lanes<N>| Lanes::splat(factor).fma(x, sum);
    let (sum, difference) = (x[1] + x[2], x[1] - x[2]);
    [
        (x[0] + sum) + (x[3] + x[4]),
        times(-2.0, x[4], times(0.5, x[3], difference)),
        times(4.0, x[4], times(0.25, x[3], sum)),
        times(-8.0, x[4], times(0.125, x[3], difference)) + x[5],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_filtered() {
        // Integers, so that nothing but the kernel's thirds and fifteenths is rounded.
        let taps = [2.0, -3.0, 5.0];
        let line = [1.0, 4.0, -2.0, 7.0, 3.0, -6.0];
        // The first column of a kernel whose other columns are 0, at the position of tap 0 alone.
        let kernel = kernel(&[taps[0], 0.0, 0.0, taps[1], 0.0, 0.0, taps[2], 0.0, 0.0]);
        let patch = patch::<4>(line.map(Lanes::splat));
        let products = std::array::from_fn(|i| patch[i] * Lanes::splat(kernel[i * PATCH]));
        let result = result::<4>(products);
        for (i, lanes) in result.iter().enumerate() {
            let direct: f32 = (0..3).map(|tap| taps[tap] * line[i + tap]).sum();
            assert!(
                (lanes.0[0] - direct).abs() < 1e-5,
                "{i}: {lanes:?} {direct}"
            );
        }
    }
}
