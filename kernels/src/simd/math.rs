//! Exponential and error function over [`Lanes`].
//!
//! The coefficients are minimax fits of the stated relative error, computed in 40 digits by
//! weighted least squares on Chebyshev nodes, iterated until the error was level.

use super::Lanes;

/// Returns `exp(x)` for `x ≤ 0`, as the softmax needs it, with a relative error below 2e-7.
/// Results below the smallest normal number are 0.
#[inline(always)]
pub(crate) fn exp_nonpositive<const N: usize>(x: Lanes<N>) -> Lanes<N> {
    /// Just above ln(2⁻¹²⁶).
    const LOWEST: f32 = -87.33;
    /// Adding it rounds to the next integer, which lands in the low bits: 1.5 · 2²³.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first of 9 bits so that its product with an exponent is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    /// (exp(r) − 1 − r)/r² on |r| ≤ ln(2)/2: exp has a relative error of 3e-9.
    const Q: [f32; 5] = [
        0.499_999_93,
        0.166_665_2,
        0.041_668_39,
        0.008_368_71,
        0.001_381_461_2,
    ];
    let lowest = Lanes::splat(LOWEST);
    let clamped = x.select_less(lowest, lowest, x);
    let shifted = clamped.fma(Lanes::splat(std::f32::consts::LOG2_E), Lanes::splat(ROUND));
    let exponent = shifted - Lanes::splat(ROUND);
    let r = exponent.fma(Lanes::splat(-LN2_HIGH), clamped);
    let r = exponent.fma(Lanes::splat(-LN2_LOW), r);
    let mut q = Lanes::splat(Q[4]);
    for coefficient in [Q[3], Q[2], Q[1], Q[0]] {
        q = q.fma(r, Lanes::splat(coefficient));
    }
    let mantissa = q.fma(r * r, r + Lanes::splat(1.0));
    let mut scale = Lanes::ZERO;
    for i in 0..N {
        // The exponent as bits: 2ⁿ. A NaN gives any number here; its mantissa is NaN.
        let n = shifted.0[i].to_bits().wrapping_sub(ROUND.to_bits());
        scale.0[i] = f32::from_bits(n.wrapping_add(127) << 23);
    }
    x.select_less(lowest, Lanes::ZERO, mantissa * scale)
}

/// Returns `x/2 (1 + erf(x/√2))` with an absolute error below 3e-7 times `max(1, |x|)`.
#[inline(always)]
pub(crate) fn gelu<const N: usize>(x: Lanes<N>) -> Lanes<N> {
    /// Beyond it, erf(x/√2) rounds to ±1.
    const SATURATED: f32 = 5.6;
    /// erf(z)/z as a ratio of polynomials in z² on |z| ≤ 3.97, with a relative error of 2.3e-8.
    /// No coefficient is negative, so nothing cancels.
    const P: [f32; 6] = [
        std::f32::consts::FRAC_2_SQRT_PI,
        0.192_316_32,
        0.052_961_13,
        0.003_836_756_3,
        2.845_837_6e-4,
        2.010_154_3e-6,
    ];
    const Q: [f32; 6] = [
        1.0,
        0.503_768_54,
        0.114_862_04,
        0.015_112_938,
        0.001_176_27,
        3.766_335_4e-5,
    ];
    let z = x * Lanes::splat(std::f32::consts::FRAC_1_SQRT_2);
    let square = z * z;
    let (mut p, mut q) = (Lanes::splat(P[5]), Lanes::splat(Q[5]));
    for i in (0..5).rev() {
        p = p.fma(square, Lanes::splat(P[i]));
        q = q.fma(square, Lanes::splat(Q[i]));
    }
    let half = x * Lanes::splat(0.5);
    let y = half.fma(z * p / q, half);
    let (low, high) = (Lanes::splat(-SATURATED), Lanes::splat(SATURATED));
    x.select_less(low, Lanes::ZERO, high.select_less(x, x, y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel};

    struct Map<'a>(&'a [f32], fn(Lanes<16>) -> Lanes<16>);

    impl Kernel for Map<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn run<const N: usize>(self) -> Vec<f32> {
            self.0
                .chunks(16)
                .flat_map(|x| self.1(Lanes::load_partial(x)).0)
                .collect()
        }
    }

    /// Both sides of zero, from tiny to beyond saturation.
    fn numbers() -> Vec<f32> {
        (0..200_000)
            .map(|i| (i as f32 / 1000.0 - 100.0) * 1.003)
            .chain((0..3_000).map(|i| 1.01_f32.powi(i - 2_500)))
            .collect()
    }

    #[test]
    fn exp_is_close_to_the_double_precision_one() {
        let x: Vec<f32> = numbers().iter().map(|x| -x.abs()).collect();
        for (x, y) in x.iter().zip(Map(&x, exp_nonpositive).run::<16>()) {
            let exact = f64::from(*x).exp();
            if exact > f64::from(f32::MIN_POSITIVE) * 1.01 {
                assert!((f64::from(y) / exact - 1.0).abs() < 2e-7, "{x}: {y}");
            } else {
                assert!(
                    f64::from(y) < 1.02 * f64::from(f32::MIN_POSITIVE),
                    "{x}: {y}"
                );
            }
        }
        let special = [0.0, f32::NEG_INFINITY, f32::NAN, -1e-40, f32::MIN];
        let y = Isa::available()[0].run(Map(&special, exp_nonpositive));
        assert_eq!(bits(&y), bits(&[1.0, 0.0, f32::NAN, 1.0, 0.0]));
    }

    #[test]
    fn gelu_is_close_to_the_double_precision_one() {
        let x = numbers();
        for (x, y) in x.iter().zip(Map(&x, gelu).run::<16>()) {
            let exact = crate::Activation::Gelu.apply(f64::from(*x));
            let error = (f64::from(y) - exact).abs();
            assert!(error < 3e-7 * f64::from(x.abs()).max(1.0), "{x}: {y}");
        }
        let special = [0.0, f32::NEG_INFINITY, f32::NAN, f32::INFINITY, f32::MAX];
        let y = Isa::available()[0].run(Map(&special, gelu));
        assert_eq!(
            bits(&y),
            bits(&[0.0, 0.0, f32::NAN, f32::INFINITY, f32::MAX])
        );
    }

    /// Tells a NaN from a number, but not from another NaN.
    fn bits(x: &[f32]) -> Vec<u32> {
        let one_nan = |x: &f32| if x.is_nan() { f32::NAN } else { *x };
        x.iter().take(5).map(|x| one_nan(x).to_bits()).collect()
    }
}
