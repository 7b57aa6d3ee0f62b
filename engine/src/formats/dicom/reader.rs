//! The attributes of a file, parsed from front to back. See [`Reader`].

use std::{error::Error, io};

use dicom_core::{DataElement, Length, PrimitiveValue, Tag, VR, header::Header as _};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::{
    text::SpecificCharacterSet,
    transfer_syntax::{TransferSyntax, TransferSyntaxIndex as _},
};
use dicom_object::{InMemDicomObject, mem::InMemElement};
use dicom_parser::{DynStatefulDecoder, StatefulDecode as _};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::content::{Content, PixelPlace, ReadSeek};
use crate::formats::{FormatError, source::Source};

/// How deep sequences may lie in sequences. Real files stay below 10.
const DEEPEST: usize = 32;
const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);

/// The bytes of a file, whose errors name it.
#[derive(Clone, Copy)]
pub(super) struct Stream<'a> {
    pub(super) source: Source<'a>,
    pub(super) content: &'a Content,
    /// How many there are.
    pub(super) bytes: u64,
}

impl<'a> Stream<'a> {
    /// Says why reading stopped: the system, the end of the file, or what the parser says.
    fn stopped(&self, error: &(dyn Error + 'static)) -> FormatError {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(system) = inner.downcast_ref::<io::Error>() {
                if system.kind() == io::ErrorKind::UnexpectedEof {
                    return self.source.broken("ends too early: it is truncated");
                }
                if let Some(code) = system.raw_os_error() {
                    let system = io::Error::from_raw_os_error(code);
                    return self.source.unreadable(system);
                }
            }
            text = inner.to_string();
            cause = inner.source();
        }
        self.source.broken(text)
    }

    /// Returns a reader that begins at a place.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn reader(
        &self,
        syntax: &TransferSyntax,
        start: u64,
    ) -> Result<Reader<'a>, FormatError> {
        let reader = self.content.reader(start);
        let reader = reader.map_err(|error| self.source.unreadable(error))?;
        let decoder =
            DynStatefulDecoder::new_with(reader, syntax, SpecificCharacterSet::default(), start);
        Ok(Reader {
            stream: *self,
            decoder: decoder.map_err(|error| self.stopped(&error))?,
            is_explicit: syntax.uid() != uids::IMPLICIT_VR_LITTLE_ENDIAN,
            pixels: None,
        })
    }
}

/// Where a data set ends.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// Where group 2 does.
    OfMeta,
    /// At this byte of the file.
    At(u64),
    /// At its delimiter.
    Delimited,
}

/// Parses a file from front to back.
pub(super) struct Reader<'a> {
    stream: Stream<'a>,
    decoder: DynStatefulDecoder<Box<dyn ReadSeek + 'a>>,
    is_explicit: bool,
    /// Where the pixels are, once they were come to.
    pub(super) pixels: Option<PixelPlace>,
}

impl Reader<'_> {
    /// Returns how far it has read.
    pub(super) fn position(&self) -> u64 {
        self.decoder.position()
    }

    /// Reads a data set, to its end or else to the end of the file.
    ///
    /// # Errors
    /// What is broken, promises more than there is, or lies too deep.
    pub(super) fn dataset(
        &mut self,
        end: Option<End>,
        depth: usize,
    ) -> Result<InMemDicomObject, FormatError> {
        let mut elements: Vec<InMemElement> = Vec::new();
        let mut end = end;
        loop {
            let position = self.decoder.position();
            let is_over = match end {
                Some(End::At(end)) => position >= end,
                Some(End::Delimited) => false,
                Some(End::OfMeta) | None => position >= self.stream.bytes,
            };
            if is_over {
                break;
            }
            let header =
                (self.decoder.decode_header()).map_err(|error| self.stream.stopped(&error))?;
            let (tag, length) = (header.tag(), header.len);
            if tag == ITEM_END {
                break;
            }
            if tag.group() == 0xfffe {
                return Err(
                    (self.stream.source).broken(format!("has a stray item at byte {position}"))
                );
            }
            if let (None, tags::PIXEL_DATA) = (end, tag) {
                // What follows pixels is padding and signatures.
                self.pixels = Some(self.locate_pixels(length)?);
                break;
            }
            let is_sequence = header.vr() == VR::SQ || length.is_undefined();
            if is_sequence {
                let items = self.sequence(header.vr(), length, depth)?;
                elements.push(DataElement::new(
                    tag,
                    VR::SQ,
                    dicom_core::value::DataSetSequence::from(items),
                ));
                continue;
            }
            let length = u64::from(length.0);
            self.check(tag, length)?;
            let value = match header.vr() {
                // Bulk that nobody asks for.
                VR::OB | VR::OW | VR::OD | VR::OF | VR::OL | VR::OV | VR::UN
                    if tag.group() != 2 =>
                {
                    self.skip(length)?;
                    PrimitiveValue::Empty
                }
                _ if tag == tags::CONTOUR_DATA => {
                    // Millions of numbers, which stay one text until they are asked for.
                    let mut text = Vec::new();
                    (self.decoder.read_to_vec(length as u32, &mut text))
                        .map_err(|error| self.stream.stopped(&error))?;
                    PrimitiveValue::Str(String::from_utf8_lossy(&text).into_owned())
                }
                _ => (self.decoder.read_value_preserved(&header))
                    .map_err(|error| self.stream.stopped(&error))?,
            };
            if let (Some(End::OfMeta), tags::FILE_META_INFORMATION_GROUP_LENGTH) = (end, tag) {
                let rest = value.to_int::<u32>().unwrap_or(0);
                self.check(tag, rest.into())?;
                end = Some(End::At(self.decoder.position() + u64::from(rest)));
            } else if let Some(End::OfMeta) = end {
                return Err((self.stream.source)
                    .broken("does not say how long its file meta information is"));
            }
            elements.push(DataElement::new(tag, header.vr(), value));
        }
        Ok(InMemDicomObject::from_element_iter(elements))
    }

    /// Reads the items of a sequence.
    fn sequence(
        &mut self,
        vr: VR,
        length: Length,
        depth: usize,
    ) -> Result<Vec<InMemDicomObject>, FormatError> {
        if depth == DEEPEST {
            return Err(
                (self.stream.source).broken(format!("nests sequences deeper than {DEEPEST}"))
            );
        }
        if self.is_explicit && vr == VR::UN {
            return self.skip_unknown_sequence(depth);
        }
        let end = match length.get() {
            Some(length) => {
                self.check(ITEM, length.into())?;
                Some(self.decoder.position() + u64::from(length))
            }
            None => None,
        };
        let mut items = Vec::new();
        while end.is_none_or(|end| self.decoder.position() < end) {
            let header =
                (self.decoder.decode_header()).map_err(|error| self.stream.stopped(&error))?;
            match (header.tag(), header.len.get()) {
                (SEQUENCE_END, _) => break,
                // A fragment of a compressed icon.
                (ITEM, Some(length)) if vr != VR::SQ && vr != VR::UN => {
                    self.check(ITEM, length.into())?;
                    self.skip(length.into())?;
                }
                (ITEM, Some(length)) => {
                    self.check(ITEM, length.into())?;
                    let end = End::At(self.decoder.position() + u64::from(length));
                    items.push(self.dataset(Some(end), depth + 1)?);
                }
                (ITEM, None) => items.push(self.dataset(Some(End::Delimited), depth + 1)?),
                (tag, _) => {
                    return Err((self.stream.source)
                        .broken(format!("has {tag} where an item was expected")));
                }
            }
        }
        Ok(items)
    }

    /// Passes over a sequence whose kind the writer did not know: always in implicit VR (PS3.5
    /// section 6.2.2, note 4).
    fn skip_unknown_sequence(
        &mut self,
        depth: usize,
    ) -> Result<Vec<InMemDicomObject>, FormatError> {
        let start = self.decoder.position();
        let implicit = TransferSyntaxRegistry
            .get(uids::IMPLICIT_VR_LITTLE_ENDIAN)
            .expect("the registry has the standard's basic transfer syntax");
        let mut reader = self.stream.reader(implicit, start)?;
        reader.sequence(VR::SQ, Length::UNDEFINED, depth + 1)?;
        let length = reader.decoder.position() - start;
        // Both read the same open file.
        self.decoder
            .seek(start)
            .map_err(|error| self.stream.stopped(&error))?;
        self.skip(length)?;
        Ok(Vec::new())
    }

    /// Notes where the pixels are.
    fn locate_pixels(&mut self, length: Length) -> Result<PixelPlace, FormatError> {
        let start = self.decoder.position();
        Ok(match length.get() {
            Some(length) => {
                self.check(tags::PIXEL_DATA, length.into())?;
                PixelPlace::Native {
                    start,
                    length: length.into(),
                }
            }
            None => PixelPlace::Fragments { start },
        })
    }

    /// Refuses an element that would reach beyond the end of the file.
    fn check(&self, tag: Tag, length: u64) -> Result<(), FormatError> {
        let Stream { source, bytes, .. } = self.stream;
        let left = bytes.saturating_sub(self.decoder.position());
        if length <= left {
            return Ok(());
        }
        let promised = format!("{length} bytes of {tag} where {left} are left");
        Err(source.promise(promised, bytes))
    }

    fn skip(&mut self, length: u64) -> Result<(), FormatError> {
        let mut left = length;
        while left > 0 {
            let part = left.min(u32::MAX.into());
            (self.decoder.skip_bytes(part as u32)).map_err(|error| self.stream.stopped(&error))?;
            left -= part;
        }
        Ok(())
    }
}
