//! Weights as users have them: whole, broken, foreign, hostile, and not there yet.

mod checkpoints;
pub(crate) mod forge;
mod hostile;
mod pulls;
mod server;
