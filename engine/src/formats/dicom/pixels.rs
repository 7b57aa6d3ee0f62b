//! The samples of a file, frame by frame. See [`Pixels`].

use std::path::PathBuf;

use dicom_dictionary_std::uids;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex as _;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::{
    Instance,
    codec::{self, Compressed},
    content::{Content, PixelPlace},
    fragments::{self, Fragment},
    layout::Layout,
};
use crate::formats::{FormatError, source::Source};

/// Where the samples of a file are. They stay there until a frame is asked for.
pub(super) struct Pixels {
    path: PathBuf,
    pub(super) layout: Layout,
    place: Place,
    is_big_endian: bool,
    /// As for [`Instance`].
    bytes: u64,
    deflated: Option<u64>,
}

enum Place {
    /// The first byte.
    Native(u64),
    /// The fragments of each frame.
    Compressed(Compressed, Vec<Vec<Fragment>>),
}

impl Pixels {
    /// Finds the samples of a file.
    ///
    /// # Errors
    /// A compression that is not read; frames in pieces that cannot be told apart, or that are not there.
    pub(super) fn find(instance: &Instance, layout: Layout) -> Result<Self, FormatError> {
        let place = match instance.pixels {
            None => return Err(instance.broken("has no pixels")),
            Some(PixelPlace::Native { start, .. }) => native(instance, &layout, start)?,
            Some(PixelPlace::Fragments { start }) => compressed(instance, &layout, start)?,
        };
        Ok(Self {
            path: instance.path.clone(),
            layout,
            place,
            is_big_endian: instance.is_big_endian,
            bytes: instance.bytes,
            deflated: instance.deflated,
        })
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source { path: &self.path }
    }

    /// Opens the bytes that hold the samples.
    ///
    /// # Errors
    /// They cannot be read any more, or are not those among which the samples were found.
    pub(super) fn open(&self) -> Result<Content, FormatError> {
        let (content, bytes) = Content::open(self.source(), self.deflated)?;
        if bytes == self.bytes {
            return Ok(content);
        }
        Err(self.source().broken(format!(
            "has {bytes} bytes, and had {} when its header was read",
            self.bytes
        )))
    }

    /// Returns the samples of a frame, numbered from 0: row by row, colours of a pixel together.
    ///
    /// # Errors
    /// What the system or the decoder says.
    pub(super) fn frame(&self, content: &Content, index: usize) -> Result<Vec<i64>, FormatError> {
        let layout = &self.layout;
        let count = layout.samples_per_frame();
        let mut raw = match &self.place {
            Place::Native(start) => {
                let first_bit = index as u64 * count as u64 * u64::from(layout.allocated);
                let bits = count as u64 * u64::from(layout.allocated);
                let first = first_bit / 8;
                let length = (first_bit + bits).div_ceil(8) - first;
                let bytes = self.read(content, &[(start + first, length)])?;
                if layout.allocated == 1 {
                    // The first pixel is in the lowest bit, and frames follow without a gap
                    // (PS3.5 section 8.1.1).
                    let skipped = (first_bit % 8) as usize;
                    let bit = |place: usize| i64::from(bytes[place / 8] >> (place % 8) & 1);
                    (skipped..skipped + count).map(bit).collect()
                } else {
                    unpack(&bytes, layout.allocated, self.is_big_endian)
                }
            }
            Place::Compressed(kind, frames) => {
                let bytes = self.read(content, &frames[index])?;
                codec::decode(*kind, &bytes, layout).map_err(|problem| {
                    let problem = format!("frame {}: {problem}", index + 1);
                    self.source().broken(problem)
                })?
            }
        };
        let is_native = matches!(self.place, Place::Native(_));
        if is_native && layout.is_planar && layout.samples > 1 {
            let pixels = layout.rows * layout.columns;
            let pixel =
                |place: usize| raw[place % layout.samples * pixels + place / layout.samples];
            raw = (0..count).map(pixel).collect();
        }
        // Where all bits are used and there is no sign, samples stand for themselves.
        if !is_native || layout.is_signed || layout.stored < layout.allocated {
            for sample in &mut raw {
                *sample = layout.interpret(*sample);
            }
        }
        Ok(raw)
    }

    /// Reads parts of the content that were there when the samples were found.
    fn read(&self, content: &Content, parts: &[Fragment]) -> Result<Vec<u8>, FormatError> {
        let all: u64 = parts.iter().map(|(_, length)| length).sum();
        let mut bytes = vec![0; all as usize];
        let mut rest = bytes.as_mut_slice();
        for &(start, length) in parts {
            let (part, after) = rest.split_at_mut(length as usize);
            let read = content.read_at(start, part);
            read.map_err(|error| self.source().stopped(error))?;
            rest = after;
        }
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

/// Checks compressed samples, and finds the fragments of each frame.
fn compressed(instance: &Instance, layout: &Layout, start: u64) -> Result<Place, FormatError> {
    let kind = Compressed::new(&instance.syntax).ok_or_else(|| {
        let name = TransferSyntaxRegistry
            .get(&instance.syntax)
            .map_or(instance.syntax.as_str(), |syntax| syntax.name());
        instance.unsupported(format!(
            "is compressed as {name}, which is not read; decompress it, for example with `{}`",
            decompressor(&instance.syntax)
        ))
    })?;
    if instance.syntax == uids::JPEG_EXTENDED12_BIT && layout.stored > 8 {
        return Err(instance.unsupported(format!(
            "is compressed as JPEG Extended with samples of {} bits, of which only 8 are read; decompress it, for \
             example with `{}`",
            layout.stored,
            decompressor(&instance.syntax)
        )));
    }
    if layout.allocated != 8 && layout.allocated != 16 {
        return Err(instance.unsupported(format!(
            "has compressed samples of {} bits; decompress it, for example with `gdcmconv --raw`",
            layout.allocated
        )));
    }
    let frames = fragments::find(instance, layout.frames, start)?;
    Ok(Place::Compressed(kind, frames))
}

/// Says how to decompress a file, where our own decoders end.
fn decompressor(syntax: &str) -> &'static str {
    match syntax {
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => "dcmdjpls",
        _ => "gdcmconv --raw",
    }
}

/// Returns whole samples as unsigned numbers.
fn unpack(bytes: &[u8], allocated: u32, is_big_endian: bool) -> Vec<i64> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> u32) -> Vec<i64> {
        let (samples, _) = bytes.as_chunks();
        let numbers = samples.iter().map(|&sample| number(sample).into());
        numbers.collect()
    }
    match (allocated, is_big_endian) {
        (8, _) => each(bytes, |[byte]| byte.into()),
        (16, false) => each(bytes, |two| u16::from_le_bytes(two).into()),
        (16, true) => each(bytes, |two| u16::from_be_bytes(two).into()),
        (_, false) => each(bytes, u32::from_le_bytes),
        (_, true) => each(bytes, u32::from_be_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_in_either_order() {
        let bytes = [1, 2, 3, 0xf4];
        assert_eq!(unpack(&bytes, 8, false), [1, 2, 3, 0xf4]);
        assert_eq!(unpack(&bytes, 16, false), [0x201, 0xf403]);
        assert_eq!(unpack(&bytes, 16, true), [0x102, 0x3f4]);
        assert_eq!(unpack(&bytes, 32, false), [0xf403_0201]);
        assert_eq!(unpack(&bytes, 32, true), [0x0102_03f4]);
    }
}
