//! Golden tensors, clicks and metrics of the reference implementations.

mod distance;
mod formula;
mod metrics;
mod pillow;
