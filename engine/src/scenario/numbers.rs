//! Numbers with a range. See [`Count`] and [`Ratio`].

use serde::{Deserialize, Serialize};

/// The largest [`Count`]: far above what is ever played, far below what never ends.
const MOST: u32 = 1000;

/// How many of something there are: 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Count(u32);

impl Count {
    /// One.
    pub const ONE: Self = Self(1);

    /// Returns the number, 1 to 1000.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// A number above 0, at most 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Ratio(f64);

impl Ratio {
    /// 0.9.
    pub const NINE_TENTHS: Self = Self(0.9);

    /// Returns the number, in `(0, 1]`.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// Why a number is no [`Count`] or no [`Ratio`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NumberError {
    /// No [`Count`].
    #[error("{0} is out of range; expected a whole number from 1 to {MOST}")]
    Count(u32),
    /// No [`Ratio`].
    #[error("{0} is out of range; expected a number above 0 and at most 1")]
    Ratio(f64),
}

impl TryFrom<u32> for Count {
    type Error = NumberError;

    fn try_from(number: u32) -> Result<Self, NumberError> {
        match number {
            1..=MOST => Ok(Self(number)),
            _ => Err(NumberError::Count(number)),
        }
    }
}

impl From<Count> for u32 {
    fn from(count: Count) -> Self {
        count.0
    }
}

impl TryFrom<f64> for Ratio {
    type Error = NumberError;

    fn try_from(number: f64) -> Result<Self, NumberError> {
        // NaN is in no range.
        if number > 0.0 && number <= 1.0 {
            Ok(Self(number))
        } else {
            Err(NumberError::Ratio(number))
        }
    }
}

impl From<Ratio> for f64 {
    fn from(ratio: Ratio) -> Self {
        ratio.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_at_their_ends() {
        assert_eq!(Count::try_from(1).map(Count::get), Ok(1));
        assert_eq!(Count::try_from(1000).map(Count::get), Ok(1000));
        assert!(Count::try_from(0).is_err() && Count::try_from(1001).is_err());
        assert_eq!(Ratio::try_from(1.0).map(Ratio::get), Ok(1.0));
        for number in [0.0, -0.5, 1.000_001, f64::NAN, f64::INFINITY] {
            assert!(Ratio::try_from(number).is_err(), "{number}");
        }
    }
}
