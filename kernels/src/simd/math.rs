//! Exponential and error function, one number at a time: loops over them become vector code.
//!
//! The coefficients are minimax fits of the stated relative error, computed in 40 digits by
//! weighted least squares on Chebyshev nodes, iterated until the error was level.

use super::{Lanes, fma};
use crate::Activation;

/// Returns `exp(x)` for `x ≤ 0`, as the softmax needs it, with a relative error below 2e-7.
/// Results below the smallest normal number are 0. `N` is the vectors' length.
#[inline(always)]
pub(crate) fn exp_nonpositive<const N: usize>(x: f32) -> f32 {
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
    let clamped = if x < LOWEST { LOWEST } else { x };
    let shifted = fma::<N>(clamped, std::f32::consts::LOG2_E, ROUND);
    let exponent = shifted - ROUND;
    let r = fma::<N>(exponent, -LN2_HIGH, clamped);
    let r = fma::<N>(exponent, -LN2_LOW, r);
    let mut q = Q[4];
    for coefficient in [Q[3], Q[2], Q[1], Q[0]] {
        q = fma::<N>(q, r, coefficient);
    }
    let mantissa = fma::<N>(q, r * r, r + 1.0);
    // The exponent as bits: 2ⁿ. A NaN gives any number here; its mantissa is NaN.
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let y = mantissa * f32::from_bits(n.wrapping_add(127) << 23);
    if x < LOWEST { 0.0 } else { y }
}

/// Returns `2^x` for `x ≤ 0` with a relative error below 3e-7: the softmax's exponential where the
/// scores are in units of ln 2, a third less work than [`exp_nonpositive`]. Results of 2⁻¹²⁵ and
/// less are 0. `N` is the vectors' length.
#[inline(always)]
pub(crate) fn exp2_nonpositive<const N: usize>(x: f32) -> f32 {
    const LOWEST: f32 = -125.0;
    /// Adding it rounds to the next integer, which lands in the low bits with the exponent's
    /// offset: 1.5 · 2²³ + 127.
    const ROUND: f32 = 12_583_039.0;
    /// 2ʳ on |r| ≤ 1/2 with a relative error of 1.6e-7, and 2⁰ = 1.
    const P: [f32; 6] = [
        1.0,
        0.693_146_94,
        0.240_221_2,
        0.055_507_13,
        0.009_675_541,
        0.001_327_647_2,
    ];
    let clamped = if x < LOWEST { LOWEST } else { x };
    let shifted = clamped + ROUND;
    let r = clamped - (shifted - ROUND);
    let mut p = P[5];
    for coefficient in [P[4], P[3], P[2], P[1], P[0]] {
        p = fma::<N>(p, r, coefficient);
    }
    // Of the bits, the exponent alone is left. A NaN gives any number here; `p` is NaN.
    let y = p * f32::from_bits(shifted.to_bits() << 23);
    if x < LOWEST { 0.0 } else { y }
}

/// How many vectors [`activate`] takes at once: what hides the latency of a chain of steps.
const TOGETHER: usize = 4;

/// Applies an activation to each number, in place. `N` is the vectors' length.
#[inline(always)]
pub(crate) fn activate<const N: usize>(activation: Activation, numbers: &mut [f32]) {
    if activation == Activation::None {
        return;
    }
    let (vectors, rest) = numbers.as_chunks_mut::<N>();
    let (groups, vectors) = vectors.as_chunks_mut::<TOGETHER>();
    for group in groups {
        *group = activated(activation, group.map(Lanes)).map(|lanes| lanes.0);
    }
    let vectors = vectors.iter_mut().map(<[f32; N]>::as_mut_slice);
    let rest = (!rest.is_empty()).then_some(rest);
    for vector in vectors.chain(rest) {
        let [lanes] = activated(activation, [Lanes::<N>::load_partial(vector)]);
        vector.copy_from_slice(&lanes.0[..vector.len()]);
    }
}

/// Returns an activation of the numbers in some vectors, which take each step together.
#[inline(always)]
pub(crate) fn activated<const N: usize, const V: usize>(
    activation: Activation,
    mut x: [Lanes<N>; V],
) -> [Lanes<N>; V] {
    match activation {
        Activation::None => x,
        Activation::Gelu => gelu(x),
        Activation::Relu => {
            for x in &mut x {
                *x = Lanes::ZERO.max(*x);
            }
            x
        }
        Activation::LeakyRelu => {
            for x in &mut x {
                *x = (*x * Lanes::splat(0.2)).max(*x);
            }
            x
        }
        Activation::Sigmoid => {
            for x in x.iter_mut().flat_map(|lanes| &mut lanes.0) {
                *x = sigmoid::<N>(*x);
            }
            x
        }
    }
}

/// Returns `1/(1 + exp(−x))` with a relative error below 5e-7. Where the exponential is below the
/// smallest normal number, the result is 0.
#[inline(always)]
fn sigmoid<const N: usize>(x: f32) -> f32 {
    let small = exp_nonpositive::<N>(-x.abs());
    let numerator = if x < 0.0 { small } else { 1.0 };
    numerator / (1.0 + small)
}

/// Returns `x/2 (1 + erf(x/√2))` of each number with an absolute error below 3e-7 times
/// `max(1, |x|)`.
#[inline(always)]
fn gelu<const N: usize, const V: usize>(mut x: [Lanes<N>; V]) -> [Lanes<N>; V] {
    /// Beyond it, the ratio below is greater than 1, which erf(x/√2) rounds to long before.
    const SATURATED: f32 = 5.9;
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
    let [low, high] = [-SATURATED, SATURATED].map(Lanes::<N>::splat);
    let [one, minus_one] = [1.0, -1.0].map(Lanes::<N>::splat);
    let (mut half, mut z, mut square) = ([one; V], [one; V], [one; V]);
    let (mut p, mut q) = ([Lanes::splat(P[5]); V], [Lanes::splat(Q[5]); V]);
    for j in 0..V {
        // A NaN comes through; of −∞ is left a number that 1 − erf turns into 0.
        let x = low.max(x[j]);
        half[j] = x * Lanes::splat(0.5);
        z[j] = high.min(x) * Lanes::splat(std::f32::consts::FRAC_1_SQRT_2);
        square[j] = z[j] * z[j];
    }
    for i in [4, 3, 2, 1, 0] {
        for j in 0..V {
            p[j] = p[j].fma(square[j], Lanes::splat(P[i]));
            q[j] = q[j].fma(square[j], Lanes::splat(Q[i]));
        }
    }
    for j in 0..V {
        let erf = one.min(minus_one.max(z[j] * p[j] / q[j]));
        x[j] = half[j].fma(erf, half[j]);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Kernel};

    #[derive(Clone, Copy)]
    enum Function {
        Exp,
        Exp2,
        Gelu,
    }

    struct Map<'a> {
        numbers: &'a [f32],
        function: Function,
    }

    impl Kernel for Map<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn run<const N: usize>(self) -> Vec<f32> {
            let mut numbers = self.numbers.to_vec();
            match self.function {
                Function::Exp => numbers
                    .iter_mut()
                    .for_each(|x| *x = exp_nonpositive::<N>(*x)),
                Function::Exp2 => numbers
                    .iter_mut()
                    .for_each(|x| *x = exp2_nonpositive::<N>(*x)),
                Function::Gelu => activate::<N>(Activation::Gelu, &mut numbers),
            }
            numbers
        }
    }

    /// Returns the numbers mapped on every instruction set, with the name of the set.
    fn map(numbers: &[f32], function: Function) -> impl Iterator<Item = (&'static str, Vec<f32>)> {
        let map = move |isa: Isa| (isa.name(), isa.run(Map { numbers, function }));
        Isa::available().into_iter().map(map)
    }

    /// Both sides of zero, from tiny to beyond saturation.
    fn numbers() -> Vec<f32> {
        (0..200_000)
            .map(|i| (i as f32 / 1000.0 - 100.0) * 1.003)
            .chain((0..3_000).map(|i| 1.01_f32.powi(i - 2_500)))
            .collect()
    }

    #[test]
    fn exponentials_are_close_to_the_double_precision_ones() {
        let numbers: Vec<f32> = numbers().iter().map(|x| -x.abs()).collect();
        let least = f64::from(f32::MIN_POSITIVE);
        let functions: [(_, fn(f64) -> f64, _, _); 2] = [
            (Function::Exp, f64::exp, least, 2e-7),
            (Function::Exp2, f64::exp2, 2.0 * least, 3e-7),
        ];
        for (function, exact, least, tolerance) in functions {
            for (isa, results) in map(&numbers, function) {
                for (x, y) in numbers.iter().zip(results) {
                    let (exact, y) = (exact(f64::from(*x)), f64::from(y));
                    if exact > least * 1.01 {
                        assert!((y / exact - 1.0).abs() < tolerance, "{isa} {x}: {y}");
                    } else {
                        assert!(y < 1.02 * least, "{isa} {x}: {y}");
                    }
                }
            }
            let numbers = [0.0, f32::NEG_INFINITY, f32::NAN, -1e-40, f32::MIN];
            for (isa, y) in map(&numbers, function) {
                assert_eq!(bits(&y), bits(&[1.0, 0.0, f32::NAN, 1.0, 0.0]), "{isa}");
            }
        }
    }

    #[test]
    fn gelu_is_close_to_the_double_precision_one() {
        let numbers = numbers();
        for (isa, results) in map(&numbers, Function::Gelu) {
            for (x, y) in numbers.iter().zip(results) {
                let exact = Activation::Gelu.apply(f64::from(*x));
                let error = (f64::from(y) - exact).abs();
                assert!(error < 3e-7 * f64::from(x.abs()).max(1.0), "{isa} {x}: {y}");
            }
        }
        let special = [0.0, f32::NEG_INFINITY, f32::NAN, f32::INFINITY, f32::MAX];
        for (isa, y) in map(&special, Function::Gelu) {
            let expected = [0.0, 0.0, f32::NAN, f32::INFINITY, f32::MAX];
            assert_eq!(bits(&y), bits(&expected), "{isa}");
        }
    }

    /// Tells a NaN from a number, but not from another NaN.
    fn bits(x: &[f32]) -> Vec<u32> {
        let one_nan = |x: &f32| if x.is_nan() { f32::NAN } else { *x };
        x.iter().map(|x| one_nan(x).to_bits()).collect()
    }
}
