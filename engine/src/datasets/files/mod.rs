//! Which files make a case: [`pattern`] reads names, [`listing`] walks a folder, [`pairing`] brings
//! images and masks together.

pub(super) mod listing;
pub(super) mod pairing;
pub(super) mod pattern;
