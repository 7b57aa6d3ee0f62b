//! One DICOM file. See [`Instance`].

use std::path::{Path, PathBuf};

use dicom_dictionary_std::{tags, uids};
use dicom_encoding::transfer_syntax::{
    Codec, Endianness, TransferSyntax, TransferSyntaxIndex as _,
};
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::{
    attributes::text,
    content::{Content, PixelPlace},
    reader::{End, Stream},
};
use crate::formats::{FormatError, source::Source};

/// Where the file meta information begins: after 128 bytes of anything and `DICM`.
const META: u64 = 132;

/// A DICOM file: its attributes in memory, its pixels still on disk.
pub struct Instance {
    pub(super) path: PathBuf,
    /// How many bytes it has, inflated where it is deflated.
    pub(super) bytes: u64,
    /// How pixels are stored, as a UID.
    pub(super) syntax: String,
    pub(super) is_big_endian: bool,
    /// Where its data set begins, if it is deflated: then pixels are found after inflating it.
    pub(super) deflated: Option<u64>,
    pub(super) data: InMemDicomObject,
    pub(super) pixels: Option<PixelPlace>,
}

impl Instance {
    /// Reads the attributes of a file.
    ///
    /// # Errors
    /// [`FormatError::Unknown`] if it is no DICOM file; what is broken, or promised and not there.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let source = Source { path };
        let (file, bytes) = source.file()?;
        let content = Content::Plain(file);
        let mut magic = [0; META as usize];
        match content.read_at(0, &mut magic) {
            Ok(()) if magic.ends_with(b"DICM") => {}
            Err(error) if error.raw_os_error().is_some() => return Err(source.unreadable(error)),
            _ => {
                return Err(FormatError::Unknown {
                    path: path.to_owned(),
                    expected: "DICOM",
                });
            }
        }
        let (syntax, start) = transfer_syntax(Stream {
            source,
            content: &content,
            bytes,
        })?;
        let deflated = (syntax.uid() == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN).then_some(start);
        let (content, bytes, start) = if deflated.is_some() {
            let (content, bytes) = Content::open(source, deflated)?;
            (content, bytes, 0)
        } else {
            (content, bytes, start)
        };
        let stream = Stream {
            source,
            content: &content,
            bytes,
        };
        let mut reader = stream.reader(syntax, start)?;
        let data = reader.dataset(None, 0)?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            syntax: syntax.uid().to_owned(),
            is_big_endian: syntax.endianness() == Endianness::Big,
            deflated,
            pixels: reader.pixels.take(),
            data,
        })
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source { path: &self.path }
    }

    pub(super) fn broken(&self, problem: impl Into<String>) -> FormatError {
        self.source().broken(problem)
    }

    pub(super) fn unsupported(&self, problem: impl Into<String>) -> FormatError {
        self.source().unsupported(problem)
    }
}

/// Reads the file meta information (PS3.10 section 7.1), which says how the rest is encoded, and where
/// the rest begins.
fn transfer_syntax(stream: Stream<'_>) -> Result<(&'static TransferSyntax, u64), FormatError> {
    let explicit = TransferSyntaxRegistry
        .get(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .expect("the registry has the standard's basic transfer syntax");
    let mut reader = stream.reader(explicit, META)?;
    let meta = reader.dataset(Some(End::OfMeta), 0)?;
    let uid = text(&meta, tags::TRANSFER_SYNTAX_UID)
        .ok_or_else(|| stream.source.broken("does not say its transfer syntax"))?;
    let unsupported = |name: &str, way_out: &str| {
        let problem = format!("is encoded as {name}, which is not read; {way_out}");
        stream.source.unsupported(problem)
    };
    let syntax = TransferSyntaxRegistry
        .get(uid.as_str())
        .ok_or_else(|| unsupported(&uid, "convert it, for example with `gdcmconv --raw`"))?;
    let is_deflated = syntax.uid() == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
    if matches!(syntax.codec(), Codec::Dataset(_)) && !is_deflated {
        return Err(unsupported(
            syntax.name(),
            "convert it, for example with `dcmconv +te`",
        ));
    }
    Ok((syntax, reader.position()))
}
