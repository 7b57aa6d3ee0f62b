//! Antialiased bilinear resizing of 8-bit images, bit-equal to Pillow's
//! `Image.resize(size, BILINEAR)`, which prepares the input of the SAM family.
//!
//! ```text
//! out[x] = round( Σᵢ w[i] in[i] ),   w[i] ∝ max(0, 1 - |i + ½ - (x + ½) scale| / max(1, scale))
//! ```
//!
//! along the rows, rounded to 8 bits, then the same along the columns; `scale` is the input's
//! length over the output's. Weights are fixed-point numbers of 22 bits. Images are
//! `[height, width, channels]`.

mod cpu;
mod problem;
pub mod reference;
#[cfg(test)]
mod tests;

pub use problem::longest_side;

use ndarray::{Array3, ArrayView3};

use crate::picture::resized;

/// Returns the image resized to `[height, width]`.
///
/// # Panics
/// If the image has no pixel while the result has some.
pub fn resize(image: ArrayView3<u8>, [height, width]: [usize; 2]) -> Array3<u8> {
    let (from_height, from_width, channels) = image.dim();
    resized("pillow", image, [height, width], |rows| {
        // A pass that keeps the length is the identity.
        let narrow =
            (width != from_width).then(|| cpu::along_rows(rows, from_width, width, channels));
        let rows = narrow.as_deref().unwrap_or(rows);
        if height == from_height {
            rows.to_vec()
        } else {
            cpu::along_columns(rows, from_height, height, width * channels)
        }
    })
}
