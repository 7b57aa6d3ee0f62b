//! Golden tensors, clicks and metrics of the reference implementations.

mod formula;
mod metrics;
