//! How the values of an image are spread: extremes and percentiles. See [`Spread`].

/// A collection of values of which single ranks are asked for.
pub(in crate::datasets) trait Spread {
    /// Returns how many finite values there are.
    fn count(&self) -> u64;

    /// Returns the value of this rank, counted from 0 for the smallest. The rank is below the count.
    fn at_rank(&mut self, rank: u64) -> f64;
}

/// Values of few kinds, counted.
pub(in crate::datasets) struct Histogram {
    /// The value of the first bin; the next ones follow in steps of 1.
    pub(in crate::datasets) first: f64,
    pub(in crate::datasets) bins: Vec<u64>,
}

impl Spread for Histogram {
    fn count(&self) -> u64 {
        self.bins.iter().sum()
    }

    fn at_rank(&mut self, rank: u64) -> f64 {
        let mut below = 0;
        let bin = self.bins.iter().position(|count| {
            below += count;
            below > rank
        });
        self.first + bin.unwrap_or(self.bins.len()) as f64
    }
}

/// Values that are scaled after they were counted.
pub(in crate::datasets) struct Scaled<S, F> {
    pub(in crate::datasets) stored: S,
    /// Does not turn back: it grows everywhere, or falls everywhere.
    pub(in crate::datasets) scale: F,
}

impl<S: Spread, F: Fn(f64) -> f64> Spread for Scaled<S, F> {
    fn count(&self) -> u64 {
        self.stored.count()
    }

    fn at_rank(&mut self, rank: u64) -> f64 {
        let falls = (self.scale)(1.0) < (self.scale)(0.0);
        let stored_rank = if falls { self.count() - 1 - rank } else { rank };
        (self.scale)(self.stored.at_rank(stored_rank))
    }
}

/// Values of any kind, kept.
pub(in crate::datasets) struct Values<T>(Vec<T>);

impl<T: Copy + PartialOrd + Into<f64>> Values<T> {
    /// Keeps the finite ones.
    pub(in crate::datasets) fn new(values: impl Iterator<Item = T>) -> Self {
        Self(values.filter(|&value| value.into().is_finite()).collect())
    }
}

impl<T: Copy + PartialOrd + Into<f64>> Spread for Values<T> {
    fn count(&self) -> u64 {
        self.0.len() as u64
    }

    fn at_rank(&mut self, rank: u64) -> f64 {
        let order = |a: &T, b: &T| a.partial_cmp(b).expect("only finite values are kept");
        (*self.0.select_nth_unstable_by(rank as usize, order).1).into()
    }
}

/// Returns the percentile of the mapped values, interpolated between ranks as NumPy does. The map
/// must not decrease. 0 if there is no value.
pub(in crate::datasets) fn percentile(
    spread: &mut dyn Spread,
    percent: f64,
    map: impl Fn(f64) -> f64,
) -> f64 {
    let Some(([rank, next], part)) = between(spread.count(), percent) else {
        return 0.0;
    };
    let low = map(spread.at_rank(rank));
    if part == 0.0 {
        return low;
    }
    let high = map(spread.at_rank(next));
    // NumPy interpolates from the nearer end.
    if part < 0.5 {
        low + (high - low) * part
    } else {
        high - (high - low) * (1.0 - part)
    }
}

/// Returns the ranks between which a percentile of so many values lies, and which part of the way from
/// one to the other; `None` if there is no value.
pub(in crate::datasets) fn between(count: u64, percent: f64) -> Option<([u64; 2], f64)> {
    let last = count.checked_sub(1)?;
    let place = last as f64 * (percent / 100.0);
    let rank = (place.floor() as u64).min(last);
    Some(([rank, (rank + 1).min(last)], place - rank as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_are_numpys() {
        let mut values =
            Values::new([3.0_f64, 1.0, f64::NAN, 2.0, 10.0, f64::INFINITY].into_iter());
        assert_eq!(values.count(), 4);
        // numpy.percentile([1, 2, 3, 10], [0, 10, 50, 90, 100])
        for (percent, expected) in [
            (0.0, 1.0),
            (10.0, 1.3),
            (50.0, 2.5),
            (90.0, 7.9),
            (100.0, 10.0),
        ] {
            let found = percentile(&mut values, percent, |value| value);
            assert!((found - expected).abs() < 1e-12, "{percent}: {found}");
        }
        let nothing = percentile(&mut Values::new(std::iter::empty::<f64>()), 50.0, |value| {
            value
        });
        assert!(nothing.abs() < f64::MIN_POSITIVE);
    }

    proptest! {
        #[test]
        fn both_kinds_agree(values in prop::collection::vec(0..256_u16, 1..50), percent in 0.0..=100.0) {
            let mut bins = vec![0; 256];
            for &value in &values {
                bins[usize::from(value)] += 1;
            }
            let mut counted = Histogram { first: 0.0, bins };
            let mut kept = Values::new(values.iter().map(|&value| f64::from(value)));
            let counted = percentile(&mut counted, percent, |value| value);
            let kept = percentile(&mut kept, percent, |value| value);
            prop_assert_eq!(counted.to_bits(), kept.to_bits());
        }
    }
}
