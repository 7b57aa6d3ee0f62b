//! Golden tensors, clicks and metrics of the reference implementations.

mod metrics;
mod formula;
