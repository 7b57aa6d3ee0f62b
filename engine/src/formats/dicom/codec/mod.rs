//! Compressed frames. See [`decode`].
//!
//! | transfer syntax | decoder |
//! |---|---|
//! | RLE Lossless | [`rle`] |
//! | JPEG Baseline, Extended (8 bits), Lossless | `jpeg-decoder` |
//! | JPEG-LS, gray | `pure_jpegls` |
//! | JPEG 2000 | `hayro-jpeg2000` |
//!
//! All are written in Rust; what they find in their own headers is compared with DICOM's before
//! they decode.

mod jpeg;
mod jpeg_2000;
mod jpeg_ls;
mod rle;

use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_dictionary_std::uids;

use super::layout::Layout;

/// A compression that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compressed {
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
}

impl Compressed {
    /// Returns the compression of a transfer syntax, if it can be read.
    pub(super) fn new(syntax: &str) -> Option<Self> {
        Some(match syntax {
            uids::RLE_LOSSLESS => Self::Rle,
            uids::JPEG_BASELINE8_BIT
            | uids::JPEG_EXTENDED12_BIT
            | uids::JPEG_LOSSLESS
            | uids::JPEG_LOSSLESS_SV1 => Self::Jpeg,
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Self::JpegLs,
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => Self::Jpeg2000,
            _ => return None,
        })
    }
}

/// Returns the samples of a frame as they were stored, the colours of a pixel together.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn decode(kind: Compressed, bytes: &[u8], layout: &Layout) -> Result<Vec<i64>, String> {
    let decoder = match kind {
        Compressed::Rle => rle::decode,
        Compressed::Jpeg => jpeg::decode,
        Compressed::JpegLs => jpeg_ls::decode,
        Compressed::Jpeg2000 => jpeg_2000::decode,
    };
    // The decoders of others are to be trusted no more than the file is.
    let samples = catch_unwind(AssertUnwindSafe(|| decoder(bytes, layout)))
        .map_err(|_| "its decoder gave up".to_owned())??;
    let expected = layout.rows * layout.columns * layout.samples;
    if samples.len() != expected {
        return Err(format!("has {} of {expected} samples", samples.len()));
    }
    Ok(samples)
}

/// Compares the size in a compressed frame with the file's.
fn check_size(columns: usize, rows: usize, samples: usize, layout: &Layout) -> Result<(), String> {
    if (columns, rows, samples) == (layout.columns, layout.rows, layout.samples) {
        return Ok(());
    }
    Err(format!(
        "is {columns}×{rows} pixels of {samples} samples, but its file says {}×{} of {}",
        layout.columns, layout.rows, layout.samples
    ))
}
