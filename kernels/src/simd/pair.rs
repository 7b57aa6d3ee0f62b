//! Two numbers of 16 bits that are multiplied together. See [`Pair`].

use super::{Factor, Lanes, fma};

/// Two terms of a sum as `bfloat16`, in 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub(crate) struct Pair(u32);

/// Returns the bits of the nearest `bfloat16`, ties to even, in the upper half; NaN stays NaN.
#[inline(always)]
fn nearest(x: f32) -> u32 {
    let bits = x.to_bits();
    // The lowest bit that stays decides a tie.
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    let kept = if x.is_nan() {
        bits | 0x40_0000
    } else {
        rounded
    };
    kept & 0xffff_0000
}

impl Factor for Pair {
    const TERMS: usize = 2;

    #[inline(always)]
    fn new([first, second]: [f32; 2]) -> Self {
        Self(nearest(first) >> 16 | nearest(second))
    }

    /// On vectors of 16 this is one instruction (`VDPBF16PS`), which takes subnormal numbers for 0.
    #[inline(always)]
    fn multiply_add<const N: usize>(self, others: [Self; N], sums: Lanes<N>) -> Lanes<N> {
        #[cfg(target_arch = "x86_64")]
        if N == 16 {
            #[expect(
                unsafe_code,
                reason = "the compiler does not know which processors have 16 lanes of pairs"
            )]
            // SAFETY: only `Isa::for_pairs` leads to kernels over pairs, and it gives them 16 lanes
            // only where it detected the instruction.
            return unsafe { super::avx512::multiply_add_pairs(self.0, others, sums) };
        }
        let [first, second] = self.terms();
        let mut sums = sums;
        for (sum, other) in sums.0.iter_mut().zip(others) {
            let other = other.terms();
            *sum = fma::<N>(first, other[0], fma::<N>(second, other[1], *sum));
        }
        sums
    }
}

impl Pair {
    #[inline(always)]
    fn terms(self) -> [f32; 2] {
        [self.0 << 16, self.0 & 0xffff_0000].map(f32::from_bits)
    }
}

/// Packs the neighbours of a row; a term that is missing at the end is 0.
#[inline(always)]
pub(crate) fn pack_row(row: &[f32], out: &mut [Pair]) {
    let (pairs, last) = row.as_chunks::<2>();
    for (out, pair) in out.iter_mut().zip(pairs) {
        *out = Pair::new(*pair);
    }
    if let [last] = last {
        out[pairs.len()] = Pair::new([*last, 0.0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Precision,
        simd::{Isa, Kernel},
    };

    #[test]
    fn numbers_are_rounded_as_everywhere() {
        let numbers = [
            0.0,
            -0.0,
            1.003_906_2,
            1.011_718_8,
            -3.217,
            1e-40,
            3.4e38,
            f32::INFINITY,
        ];
        for x in numbers {
            let rounded = Precision::Bf16.round(x).to_bits();
            assert_eq!(
                Pair::new([x, 1.0]).terms().map(f32::to_bits),
                [rounded, 1.0_f32.to_bits()]
            );
            assert_eq!(Pair::new([1.0, x]).terms()[1].to_bits(), rounded, "{x}");
        }
        for nan in [f32::NAN, f32::from_bits(0x7f80_0001)] {
            assert!(Pair::new([nan; 2]).terms().iter().all(|x| x.is_nan()));
        }
    }

    #[test]
    fn a_row_of_odd_length_ends_in_zero() {
        let mut pairs = [Pair::new([9.0; 2]); 2];
        pack_row(&[1.0, 2.0, 3.0], &mut pairs);
        assert_eq!(pairs, [[1.0, 2.0], [3.0, 0.0]].map(Pair::new));
    }

    struct Products;

    impl Kernel for Products {
        type Output = Vec<f32>;

        #[inline(always)]
        fn run<const N: usize>(self) -> Vec<f32> {
            let others = std::array::from_fn::<_, N, _>(|i| Pair::new([i as f32, 1.0]));
            let sums = Lanes::<N>::splat(0.5);
            Pair::new([3.0, -2.0]).multiply_add(others, sums).0.to_vec()
        }
    }

    #[test]
    fn both_terms_are_multiplied_and_added() {
        for isa in Isa::available() {
            let sums = isa.for_pairs().run(Products);
            let expected = (0..sums.len()).map(|i| 3.0 * i as f32 - 1.5);
            assert!(expected.eq(sums), "{isa:?}");
        }
    }
}
