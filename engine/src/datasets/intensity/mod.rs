//! From stored values to the 8 bits that models see: [`normalise`] has the steps, [`spread`] the
//! extremes and percentiles that they need.

pub(super) mod normalise;
pub(super) mod spread;
