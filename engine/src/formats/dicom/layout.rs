//! What the samples of a file are. See [`Layout`].

use dicom_dictionary_std::tags;

use super::{
    Instance,
    attributes::{integer, text},
    content::PixelPlace,
    fragments,
};
use crate::formats::FormatError;

/// Deflate, the densest that other formats use, packs at most 1032 bytes into one.
const DENSEST: u64 = 1032;
/// What any file may ask for: blank frames compress well.
const HARMLESS: u64 = 16 << 20;

/// What the samples of a file are.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) frames: usize,
    /// Samples of a pixel: 1 for gray, 3 for colour.
    pub(super) samples: usize,
    /// As DICOM writes it, such as `MONOCHROME2`.
    pub(super) photometric: String,
    /// Bits that a sample takes: 1, 8, 16 or 32.
    pub(super) allocated: u32,
    /// Bits that it uses.
    pub(super) stored: u32,
    /// The highest bit that it uses.
    high: u32,
    pub(super) is_signed: bool,
    /// Whether each colour is a plane of its own.
    pub(super) is_planar: bool,
}

impl Layout {
    /// Returns the smallest and the largest value that a sample can have.
    pub(super) fn range(&self) -> [i64; 2] {
        if self.is_signed {
            [-(1 << (self.stored - 1)), (1 << (self.stored - 1)) - 1]
        } else {
            [0, (1 << self.stored) - 1]
        }
    }

    /// Takes the used bits of a sample, and its sign.
    pub(super) fn interpret(&self, raw: i64) -> i64 {
        let unused = 64 - self.stored;
        let value = (raw >> (self.high + 1 - self.stored)) << unused;
        if self.is_signed {
            value >> unused
        } else {
            ((value as u64) >> unused) as i64
        }
    }

    /// Returns how many samples a frame has.
    pub(super) fn samples_per_frame(&self) -> usize {
        self.rows * self.columns * self.samples
    }

    /// Reads what a header says of its samples.
    ///
    /// # Errors
    /// A number that is missing or makes no sense.
    pub(super) fn read(instance: &Instance) -> Result<Self, FormatError> {
        let data = &instance.data;
        let number = |tag, name: &str, allowed: std::ops::RangeInclusive<i64>, missing: i64| {
            let number = integer(data, tag).unwrap_or(missing);
            if allowed.contains(&number) {
                Ok(number)
            } else {
                Err(instance.broken(format!("has {number} {name}")))
            }
        };
        let allocated = number(tags::BITS_ALLOCATED, "bits per sample", 1..=64, 0)? as u32;
        let stored = number(
            tags::BITS_STORED,
            "used bits per sample",
            1..=allocated.into(),
            allocated.into(),
        )? as u32;
        let high = number(
            tags::HIGH_BIT,
            "as highest bit",
            i64::from(stored) - 1..=i64::from(allocated) - 1,
            i64::from(stored) - 1,
        )? as u32;
        if ![1, 8, 16, 32].contains(&allocated) {
            return Err(instance.unsupported(format!(
                "has {allocated} bits per sample; convert it to 8 or 16"
            )));
        }
        let layout = Self {
            rows: number(tags::ROWS, "rows", 1..=65535, 0)? as usize,
            columns: number(tags::COLUMNS, "columns", 1..=65535, 0)? as usize,
            frames: number(tags::NUMBER_OF_FRAMES, "frames", 1..=i64::from(u32::MAX), 1)? as usize,
            samples: number(tags::SAMPLES_PER_PIXEL, "samples per pixel", 1..=4, 1)? as usize,
            photometric: text(data, tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default(),
            allocated,
            stored,
            high,
            is_signed: integer(data, tags::PIXEL_REPRESENTATION) == Some(1),
            is_planar: integer(data, tags::PLANAR_CONFIGURATION) == Some(1),
        };
        layout.check(instance)?;
        Ok(layout)
    }

    /// Compares what a header promises with the size of its file.
    fn check(&self, instance: &Instance) -> Result<(), FormatError> {
        let bits = (self.samples_per_frame() as u64 * u64::from(self.allocated))
            .checked_mul(self.frames as u64);
        let most = match instance.pixels {
            None => return Err(instance.broken("has no pixels")),
            Some(PixelPlace::Native { length, .. }) => length,
            // Each frame has a fragment with a header of its own.
            Some(PixelPlace::Fragments { .. })
                if self.frames as u64 > instance.bytes / fragments::ITEM =>
            {
                0
            }
            Some(PixelPlace::Fragments { .. }) => {
                instance.bytes.saturating_mul(DENSEST).max(HARMLESS)
            }
        };
        if bits.is_none_or(|bits| bits.div_ceil(8) > most) {
            return Err(self.promise(instance));
        }
        Ok(())
    }

    fn promise(&self, instance: &Instance) -> FormatError {
        let promised = format!(
            "{} frames of {}×{} pixels of {} bits",
            self.frames,
            self.columns,
            self.rows,
            self.samples * self.allocated as usize
        );
        instance.source().promise(promised, instance.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_used_bits_count() {
        let mut layout = Layout {
            rows: 1,
            columns: 1,
            frames: 1,
            samples: 1,
            photometric: String::new(),
            allocated: 16,
            stored: 12,
            high: 11,
            is_signed: false,
            is_planar: false,
        };
        // The upper bits may hold an overlay.
        assert_eq!(layout.interpret(0xf801), 0x801);
        layout.is_signed = true;
        assert_eq!(layout.interpret(0x0fff), -1);
        assert_eq!(layout.interpret(0x07ff), 2047);
        assert_eq!(layout.range(), [-2048, 2047]);
        layout.high = 15;
        assert_eq!(layout.interpret(0xfff0), -1);
    }
}
