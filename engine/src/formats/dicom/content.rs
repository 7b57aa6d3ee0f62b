//! The bytes of a file that hold attributes and pixels. See [`Content`].

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
};

use flate2::bufread::DeflateDecoder;

use crate::formats::{
    FormatError,
    source::{self, unfolded},
};

/// What any deflated file may unfold to: a label map that is mostly empty packs very well.
const HARMLESS: u64 = 64 << 20;
/// How many times its size a larger one may unfold to: images seldom pack better than one in ten.
const DENSEST: u64 = 64;

/// The bytes of a file, or those that all of it but the beginning was deflated from.
pub(super) enum Content {
    /// As they are on disk.
    Plain(File),
    /// In memory: what is deflated can only be read from its beginning.
    Inflated(Vec<u8>),
}

/// Where the pixels lie in the content.
#[derive(Clone, Copy, Debug)]
pub(super) enum PixelPlace {
    /// As they are.
    Native {
        /// The first byte.
        start: u64,
        /// How many bytes, all of which lie within the content.
        length: u64,
    },
    /// Compressed, in fragments.
    Fragments {
        /// The first item, which is the offset table.
        start: u64,
    },
}

/// What can be read from any place.
pub(super) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

impl Content {
    /// Opens a file, and says how many bytes there are; if its data set is deflated, from where on is
    /// `deflated` (PS3.5 section A.5).
    ///
    /// # Errors
    /// What the system says; a stream that is broken, or unfolds to more than the file's size
    /// justifies.
    pub(super) fn open(
        source: source::Source<'_>,
        deflated: Option<u64>,
    ) -> Result<(Self, u64), FormatError> {
        let (mut file, bytes) = source.file()?;
        let Some(start) = deflated else {
            return Ok((Self::Plain(file), bytes));
        };
        (file.seek(SeekFrom::Start(start))).map_err(|error| source.unreadable(error))?;
        let most = unfolded(bytes).min(HARMLESS.max(bytes.saturating_mul(DENSEST)));
        let mut inflated = Vec::new();
        let mut decoder = DeflateDecoder::new(BufReader::new(file)).take(most + 1);
        (decoder.read_to_end(&mut inflated)).map_err(|error| source.stopped(error))?;
        if inflated.len() as u64 > most {
            return Err(source.unsupported(format!(
                "is deflated from more than {most} bytes, of which it has {bytes}; convert it, for \
                 example with `dcmconv +te`"
            )));
        }
        let bytes = inflated.len() as u64;
        Ok((Self::Inflated(inflated), bytes))
    }

    /// Returns a reader that begins at a place.
    pub(super) fn reader(&self, start: u64) -> io::Result<Box<dyn ReadSeek + '_>> {
        let mut reader: Box<dyn ReadSeek> = match self {
            Self::Plain(file) => Box::new(BufReader::new(file)),
            Self::Inflated(bytes) => Box::new(Cursor::new(bytes)),
        };
        reader.seek(SeekFrom::Start(start))?;
        Ok(reader)
    }

    /// Fills a buffer from a place on.
    pub(super) fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => {
                let mut file = file;
                file.seek(SeekFrom::Start(start))?;
                file.read_exact(buffer)
            }
            Self::Inflated(bytes) => {
                let mut bytes = Cursor::new(bytes);
                bytes.set_position(start);
                bytes.read_exact(buffer)
            }
        }
    }
}
