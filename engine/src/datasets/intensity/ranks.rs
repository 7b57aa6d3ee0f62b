//! Ranks among more values than are worth keeping. See [`Ranks`].

use std::collections::{BTreeMap, BTreeSet};

use super::{
    normalise::Percent,
    spread::{Spread, between},
};

/// Chosen ranks among values in single precision. They are found in two passes that keep no value: the
/// first counts the upper halves of the values' bits, the second the lower halves of those where a rank
/// lies.
pub(in crate::datasets) struct Ranks {
    count: u64,
    found: BTreeMap<u64, f32>,
}

/// As many as half the bits of a value have states.
const BINS: usize = 1 << 16;

impl Ranks {
    /// Returns the ranks of nothing.
    pub(in crate::datasets) fn none() -> Self {
        Self {
            count: 0,
            found: BTreeMap::new(),
        }
    }

    /// Finds the ranks that these percentiles of the finite values lie between. `pass` shows all values,
    /// some at a time, each time it is called.
    ///
    /// # Errors
    /// Those of `pass`.
    pub(in crate::datasets) fn find<E>(
        asked: &[Percent],
        pass: impl Fn(&mut dyn FnMut(&[f32])) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut upper = vec![0_u64; BINS];
        pass(&mut |values| {
            for &value in values.iter().filter(|value| value.is_finite()) {
                upper[halves(value).0] += 1;
            }
        })?;
        let count = upper.iter().sum();
        let ranks = asked
            .iter()
            .filter_map(|percent| between(count, percent.get()));
        let ranks: BTreeSet<u64> = ranks.flat_map(|(ranks, _)| ranks).collect();

        let mut lower = vec![Vec::new(); BINS];
        for &rank in &ranks {
            lower[locate(&upper, rank).0] = vec![0_u64; BINS];
        }
        // Of what is not finite the upper halves are others.
        pass(&mut |values| {
            for &value in values {
                let (upper, bin) = halves(value);
                if let Some(count) = lower[upper].get_mut(bin) {
                    *count += 1;
                }
            }
        })?;
        let found = ranks.into_iter().map(|rank| {
            let (bin, rank_there) = locate(&upper, rank);
            (rank, joined(bin, locate(&lower[bin], rank_there).0))
        });
        Ok(Self {
            count,
            found: found.collect(),
        })
    }
}

impl Spread for Ranks {
    fn count(&self) -> u64 {
        self.count
    }

    fn at_rank(&mut self, rank: u64) -> f64 {
        let found = self.found.get(&rank);
        f64::from(*found.expect("the steps ask for the percentiles that they named"))
    }
}

const SIGN: u32 = 1 << 31;

/// Returns the halves of a number that grows with the value.
fn halves(value: f32) -> (usize, usize) {
    let bits = value.to_bits();
    let key = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    ((key >> 16) as usize, (key & 0xffff) as usize)
}

/// Returns the value of these halves.
fn joined(upper: usize, lower: usize) -> f32 {
    let key = (upper << 16 | lower) as u32;
    f32::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

/// Returns in which bin a rank lies, and which rank it is there.
fn locate(bins: &[u64], mut rank: u64) -> (usize, u64) {
    for (bin, &count) in bins.iter().enumerate() {
        if rank < count {
            return (bin, rank);
        }
        rank -= count;
    }
    // Only when a file has changed between two passes.
    (bins.len() - 1, 0)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::datasets::intensity::spread::{Values, percentile};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_those_of_values_that_are_kept(
            values in prop::collection::vec(prop_oneof![any::<f32>(), (-9_i8..9).prop_map(f32::from)], 0..60),
            low in 0.0..=100.0,
            high in 0.0..=100.0,
        ) {
            let percents = [0.0, low, high, 100.0];
            let asked = percents.map(|percent| Percent::try_from(percent).expect("a percentage"));
            let show = |see: &mut dyn FnMut(&[f32])| -> Result<(), Infallible> {
                values.chunks(7).for_each(see);
                Ok(())
            };
            let mut ranks = Ranks::find(&asked, show).expect("nothing fails");
            let mut kept = Values::new(values.iter().copied());
            prop_assert_eq!(ranks.count(), kept.count());
            for percent in percents {
                let [found, expected] = [
                    percentile(&mut ranks, percent, |value| value),
                    percentile(&mut kept, percent, |value| value),
                ];
                // 0 and -0 are of one rank for who compares them.
                prop_assert_eq!((found + 0.0).to_bits(), (expected + 0.0).to_bits(), "{} %", percent);
            }
        }
    }
}
