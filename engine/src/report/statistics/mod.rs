//! What can be said of a difference: [`intervals`] around means, [`signed_rank`] for pairs, [`holm`]
//! for many tests at once.

mod bootstrap;
mod holm;
mod signed_rank;

pub use bootstrap::{Cluster, Interval, intervals};
pub use holm::holm;
pub use signed_rank::{SignedRank, signed_rank};
