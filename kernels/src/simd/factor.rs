//! What products multiply, in either precision. See [`Factor`].

use std::fmt::Debug;

use super::Lanes;

/// An entry of a packed operand: a number, or the numbers of neighbouring terms of a sum together.
pub(crate) trait Factor: bytemuck::Pod + Debug + Send + Sync {
    /// How many terms it holds: 1 or 2.
    const TERMS: usize;

    /// Holds the first [`Self::TERMS`] of two terms.
    fn new(terms: [f32; 2]) -> Self;

    /// Adds the products of its terms with those in each lane to the sums.
    fn multiply_add<const N: usize>(self, others: [Self; N], sums: Lanes<N>) -> Lanes<N>;
}

impl Factor for f32 {
    const TERMS: usize = 1;

    #[inline(always)]
    fn new([term, _]: [f32; 2]) -> Self {
        term
    }

    #[inline(always)]
    fn multiply_add<const N: usize>(self, others: [Self; N], sums: Lanes<N>) -> Lanes<N> {
        Lanes::splat(self).fma(Lanes(others), sums)
    }
}

/// Packs `[terms, width]` into `[terms / TERMS, width]`; a term that is missing at the end is 0.
#[inline(always)]
pub(crate) fn pack<F: Factor>(numbers: &[f32], width: usize, out: &mut [F]) {
    if F::TERMS == 1 {
        for (number, out) in numbers.iter().zip(out) {
            *out = F::new([*number, 0.0]);
        }
        return;
    }
    let entries = out.chunks_exact_mut(width);
    for (terms, out) in numbers.chunks(F::TERMS * width).zip(entries) {
        let (first, second) = terms.split_at(width);
        if second.len() == width {
            for i in 0..width {
                out[i] = F::new([first[i], second[i]]);
            }
        } else {
            for i in 0..width {
                out[i] = F::new([first[i], 0.0]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Pair;

    #[test]
    fn terms_are_packed_down_the_columns() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut same = [0.0; 6];
        pack(&numbers, 2, &mut same);
        assert!(same.iter().eq(&numbers));
        let mut pairs = [Pair::new([9.0; 2]); 4];
        pack(&numbers, 2, &mut pairs);
        let expected = [[1.0, 3.0], [2.0, 4.0], [5.0, 0.0], [6.0, 0.0]];
        assert_eq!(pairs, expected.map(Pair::new));
    }
}
