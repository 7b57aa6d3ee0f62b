//! The samples of a file, frame by frame. See [`Pixels`].

use dicom_dictionary_std::{tags, uids};
use dicom_encoding::transfer_syntax::TransferSyntaxIndex as _;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::{
    Instance,
    attributes::{integer, text},
    codec::{self, Compressed},
    content::{Content, PixelPlace},
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
    is_planar: bool,
}

/// The samples of a file, read frame by frame.
pub(super) struct Pixels<'a> {
    instance: &'a Instance,
    pub(super) layout: Layout,
    content: Content,
    place: Place,
}

enum Place {
    /// The first byte.
    Native(u64),
    /// First byte and length of the fragments of each frame.
    Compressed(Compressed, Vec<Vec<(u64, u64)>>),
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

    fn samples_per_frame(&self) -> usize {
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
            Some(PixelPlace::Fragments { .. }) if self.frames as u64 > instance.bytes / ITEM => 0,
            Some(PixelPlace::Fragments { .. }) => {
                instance.bytes.saturating_mul(DENSEST).max(HARMLESS)
            }
        };
        if bits.is_none_or(|bits| bits.div_ceil(8) > most) {
            return Err(promise(instance, self));
        }
        Ok(())
    }
}

impl<'a> Pixels<'a> {
    /// Finds the samples of a file.
    ///
    /// # Errors
    /// A compression that is not read; frames in pieces that cannot be told apart.
    pub(super) fn open(instance: &'a Instance, layout: Layout) -> Result<Self, FormatError> {
        let content = instance.content()?;
        let place = match instance.pixels {
            None => return Err(instance.broken("has no pixels")),
            Some(PixelPlace::Native { start, .. }) => native(instance, &layout, start)?,
            Some(PixelPlace::Fragments { start }) => {
                compressed(instance, &layout, &content, start)?
            }
        };
        Ok(Self {
            instance,
            layout,
            content,
            place,
        })
    }

    /// Returns the samples of a frame, numbered from 0: row by row, colours of a pixel together.
    ///
    /// # Errors
    /// What the decoder says.
    pub(super) fn frame(&mut self, index: usize) -> Result<Vec<i64>, FormatError> {
        let layout = self.layout.clone();
        let count = layout.samples_per_frame();
        let mut raw = match &self.place {
            Place::Native(start) => {
                let first_bit = index as u64 * count as u64 * u64::from(layout.allocated);
                let bits = count as u64 * u64::from(layout.allocated);
                let first = first_bit / 8;
                let bytes = self.bytes(start + first, (first_bit + bits).div_ceil(8) - first)?;
                if layout.allocated == 1 {
                    // The first pixel is in the lowest bit, and frames follow without a gap
                    // (PS3.5 section 8.1.1).
                    let skipped = (first_bit % 8) as usize;
                    let bit = |place: usize| i64::from(bytes[place / 8] >> (place % 8) & 1);
                    (skipped..skipped + count).map(bit).collect()
                } else {
                    unpack(&bytes, layout.allocated, self.instance.is_big_endian)
                }
            }
            Place::Compressed(kind, frames) => {
                let mut bytes = Vec::new();
                for &(start, length) in &frames[index] {
                    bytes.extend(self.bytes(start, length)?);
                }
                codec::decode(*kind, &bytes, &layout).map_err(|problem| {
                    self.instance
                        .broken(format!("frame {}: {problem}", index + 1))
                })?
            }
        };
        let is_apart = layout.is_planar && matches!(self.place, Place::Native(_));
        if is_apart && layout.samples > 1 {
            let pixels = layout.rows * layout.columns;
            let pixel =
                |place: usize| raw[place % layout.samples * pixels + place / layout.samples];
            raw = (0..count).map(pixel).collect();
        }
        for sample in &mut raw {
            *sample = layout.interpret(*sample);
        }
        Ok(raw)
    }

    /// Reads a part of the file that is known to be there.
    fn bytes(&self, start: u64, length: u64) -> Result<Vec<u8>, FormatError> {
        let mut bytes = vec![0; length as usize];
        (self.content.read_at(start, &mut bytes)).map_err(|source| FormatError::Read {
            path: self.instance.path.clone(),
            source,
        })?;
        Ok(bytes)
    }
}

/// Checks uncompressed samples.
fn native(instance: &Instance, layout: &Layout, start: u64) -> Result<Place, FormatError> {
    if layout.photometric.starts_with("YBR") && layout.photometric != "YBR_FULL" {
        return Err(instance.unsupported(format!(
            "has its colours thinned out ({}); convert it to RGB",
            layout.photometric
        )));
    }
    if instance.is_big_endian && layout.allocated == 8 {
        return Err(instance.unsupported(
            "has single bytes in words with the highest byte first; convert it, for example with `gdcmconv --raw`",
        ));
    }
    Ok(Place::Native(start))
}

/// Finds the fragments of each frame.
fn compressed(
    instance: &Instance,
    layout: &Layout,
    content: &Content,
    start: u64,
) -> Result<Place, FormatError> {
    let kind = Compressed::new(&instance.syntax).ok_or_else(|| {
        let name = TransferSyntaxRegistry
            .get(&instance.syntax)
            .map_or(instance.syntax.as_str(), |syntax| syntax.name());
        instance.unsupported(format!(
            "is compressed as {name}, which is not read; decompress it, for example with `{}`",
            decompressor(&instance.syntax)
        ))
    })?;
    if layout.allocated != 8 && layout.allocated != 16 {
        return Err(instance.unsupported(format!(
            "has compressed samples of {} bits; decompress it, for example with `gdcmconv --raw`",
            layout.allocated
        )));
    }
    let (offsets, fragments) = fragments(instance, content, start)?;
    let begin = fragments.first().map_or(0, |&(start, _)| start - ITEM);
    let frames: Vec<Vec<_>> = if layout.frames == 1 {
        vec![fragments]
    } else if fragments.len() == layout.frames {
        fragments
            .into_iter()
            .map(|fragment| vec![fragment])
            .collect()
    } else if offsets.len() == layout.frames && offsets.is_sorted() {
        let frame = |(index, &offset): (usize, &u32)| {
            let next = offsets.get(index + 1).map_or(u64::MAX, |&next| next.into());
            let range = u64::from(offset)..next;
            let is_here = |&&(start, _): &&(u64, u64)| range.contains(&(start - ITEM - begin));
            fragments.iter().filter(is_here).copied().collect()
        };
        offsets.iter().enumerate().map(frame).collect()
    } else {
        return Err(instance.broken(format!(
            "has {} frames in {} pieces, and no table that says which belong together",
            layout.frames,
            fragments.len()
        )));
    };
    Ok(Place::Compressed(kind, frames))
}

/// Says how to decompress a file, where our own decoders end.
fn decompressor(syntax: &str) -> &'static str {
    match syntax {
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => "dcmdjpls",
        _ => "gdcmconv --raw",
    }
}

/// Bytes of a fragment's header: tag and length.
const ITEM: u64 = 8;
/// How many fragments a file may have: more frames than any has.
const MOST_FRAGMENTS: usize = 1 << 20;

/// Returns the offset table, and where the fragments are (PS3.5 section A.4).
fn fragments(
    instance: &Instance,
    content: &Content,
    start: u64,
) -> Result<(Vec<u32>, Vec<(u64, u64)>), FormatError> {
    let read = |place: u64, bytes: &mut [u8]| {
        (content.read_at(place, bytes))
            .map_err(|_| instance.broken("ends too early: it is truncated"))
    };
    let mut table = Vec::new();
    let mut places = Vec::new();
    let mut place = start;
    for number in 0.. {
        let mut header = [0; ITEM as usize];
        read(place, &mut header)?;
        let [g, h, e, f, a, b, c, d] = header;
        if [g, h, e, f] != [0xfe, 0xff, 0x00, 0xe0] {
            // The delimiter, or something that should have been one.
            break;
        }
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        place += ITEM;
        if place + length > instance.bytes || number > MOST_FRAGMENTS {
            return Err(instance.broken("ends too early: it is truncated"));
        }
        if number == 0 {
            let mut bytes = vec![0; length as usize];
            read(place, &mut bytes)?;
            table = bytes
                .chunks_exact(4)
                .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect();
        } else {
            places.push((place, length));
        }
        place += length;
    }
    Ok((table, places))
}

fn promise(instance: &Instance, layout: &Layout) -> FormatError {
    FormatError::Promise {
        path: instance.path.clone(),
        promised: format!(
            "{} frames of {}×{} pixels of {} bits",
            layout.frames,
            layout.columns,
            layout.rows,
            layout.samples * layout.allocated as usize
        ),
        bytes: instance.bytes,
    }
}

/// Returns whole samples as unsigned numbers.
fn unpack(bytes: &[u8], allocated: u32, is_big_endian: bool) -> Vec<i64> {
    let size = allocated as usize / 8;
    let number = |sample: &[u8]| {
        let mut all = [0; 8];
        for (at, &byte) in sample.iter().enumerate() {
            all[if is_big_endian { size - 1 - at } else { at }] = byte;
        }
        i64::from_le_bytes(all)
    };
    bytes.chunks_exact(size).map(number).collect()
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
        assert_eq!(unpack(&[1, 2, 3, 4], 16, false), [0x201, 0x403]);
        assert_eq!(unpack(&[1, 2, 3, 4], 16, true), [0x102, 0x304]);
    }
}
