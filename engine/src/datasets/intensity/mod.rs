//! From stored values to the 8 bits that models see: [`normalise`] has the steps, [`spread`] the
//! extremes and percentiles that they need, [`ranks`] those of volumes.

pub(super) mod normalise;
pub(super) mod ranks;
pub(super) mod spread;
