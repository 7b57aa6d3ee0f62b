//! The arithmetic of promptable segmentation: one folder per operation, one function that
//! dispatches on the device. No ECS, no files, no scenarios.
//!
//! Images are channel-last, `[n, height, width, channels]`, tokens `[n, tokens, channels]`, so
//! an image is a token sequence without a copy. [`Tensor`]s are opaque and stay on their
//! [`Device`]; weights are put into the device's own layout once, when they are built.
//!
//! | operation | computes |
//! |---|---|
//! | [`linear`] | `activation(x Wᵀ + bias + residual)` |
//! | [`matmul`] | `a bᵀ` of two tensors, batched |
//! | [`conv2d`] | full or depthwise convolution, folded batch norm, fused epilogue |
//! | [`mod@bottleneck`] | three convolutions, of which the wide middle stays in the cache |
//! | [`conv_transpose2d`] | the 2×2 stride 2 transposed convolution |
//! | [`norm`] | layer normalisation over the channels |
//! | [`attention`] | softmax attention with table or relative position bias, in tiles |
//! | [`mod@gather`] | softmax-weighted mean of all pixels, per image |
//! | [`mod@mirror`] | mirroring images left to right |
//! | [`window`] | images to windows and back, zero padded |
//! | [`elementwise`] | sums, products and activations |
//! | [`mod@concat`] | joining and cutting along an axis |
//! | [`resize`] | bilinear resizing |
//! | [`area`] | resizing of 8-bit images by areas, as OpenCV does it |
//! | [`pillow`] | antialiased resizing of 8-bit images, as Pillow does it |
//! | [`spline`] | resizing of 8-bit images by cubic splines, as scikit-image does it |
//! | [`distance`] | distance to the nearest pixel outside a mask, and the deepest pixels |
//!
//! Every operation's folder has the same files: `problem` (shapes and choices, no data),
//! `reference` (what it must compute, written to be read), `cpu` (the fast twin), `cost`
//! (operations and bytes) and `catalog` (the problems our models pose). With the feature `wgpu`
//! there is `cube`, the same on graphics devices, and `blueprint`, its compile-time choices. A bottleneck
//! has no `cube`: there, it is its three convolutions.

#![expect(
    clippy::inline_always,
    reason = "a kernel's parts must be inlined into the function that enables its instruction set"
)]

pub mod area;
pub mod attention;
pub mod bottleneck;
mod buffer;
pub mod concat;
pub mod conv2d;
pub mod conv_transpose2d;
mod cost;
#[cfg(feature = "cuda-source")]
pub mod cuda_source;
mod device;
pub mod distance;
pub mod elementwise;
mod epilogue;
mod error;
mod facts;
pub mod gather;
mod gemm;
#[cfg(feature = "wgpu")]
mod gpu;
pub mod linear;
pub mod matmul;
pub mod mirror;
pub mod norm;
mod parallel;
pub mod peak;
mod picture;
pub mod pillow;
mod precision;
pub mod resize;
mod simd;
pub mod spline;
mod tensor;
pub mod timer;
pub mod tolerance;
pub mod window;

pub use cost::Cost;
pub use device::Device;
pub use epilogue::{Activation, Epilogue};
pub use error::KernelError;
pub use facts::{Allocations, Facts};
pub use precision::Precision;
pub use tensor::{Columns, Tensor};
