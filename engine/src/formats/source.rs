//! A file from outside, whose errors name it. See [`Source`].

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek as _},
    path::{Component, Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use super::FormatError;

/// Deflate packs at most 1032 bytes into one.
const DENSEST: u64 = 1032;
/// What no packed file may unfold to: a volume of 512 × 512 × 4096 voxels of 32 bits.
const LARGEST: u64 = 4 << 30;

/// The first bytes of an archive of gzip.
pub(super) const GZIP: &[u8] = &[0x1f, 0x8b];

/// A file whose errors name it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
}

/// An opened file, unpacked if it is an archive of gzip.
pub(super) struct Opened {
    pub(super) reader: Counted,
    /// The size of the file.
    pub(super) bytes: u64,
    /// What the reader can yield from its beginning.
    pub(super) most: u64,
    /// The file, if the reader yields its bytes as they are.
    pub(super) plain: Option<File>,
}

impl Opened {
    /// Returns a file that is read as it is, from where the reader stands.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn plain(
        source: Source,
        mut reader: BufReader<File>,
        bytes: u64,
    ) -> Result<Self, FormatError> {
        let file = reader.get_ref().try_clone();
        let file = file.map_err(|error| source.unreadable(error))?;
        let start = reader.stream_position();
        let start = start.map_err(|error| source.unreadable(error))?;
        Ok(Self {
            plain: Some(file),
            ..Self::new(reader, bytes, bytes.saturating_sub(start))
        })
    }

    /// Returns a packed file, of which at most `most` bytes can be read.
    pub(super) fn new(reader: impl BufRead + 'static, bytes: u64, most: u64) -> Self {
        Self {
            reader: Counted {
                reader: Box::new(reader),
                taken: 0,
            },
            bytes,
            most,
            plain: None,
        }
    }

    /// Returns how many bytes can still be read.
    pub(super) fn left(&self) -> u64 {
        self.most.saturating_sub(self.reader.taken)
    }
}

/// A reader that counts the bytes that were taken.
pub(super) struct Counted {
    reader: Box<dyn BufRead>,
    taken: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.taken += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount as u64;
        self.reader.consume(amount);
    }
}

impl Source<'_> {
    /// Opens a file as it is, and says how large it is.
    ///
    /// # Errors
    /// What the system says, and [`FormatError::NotAFile`].
    pub(super) fn file(&self) -> Result<(File, u64), FormatError> {
        // Opening a pipe would wait for ever.
        let metadata = (self.path.metadata()).map_err(|error| self.unreadable(error))?;
        if !metadata.is_file() {
            return Err(FormatError::NotAFile {
                path: self.path.to_owned(),
            });
        }
        let file = File::open(self.path).map_err(|error| self.unreadable(error))?;
        Ok((file, metadata.len()))
    }

    /// Opens a file to be read from its beginning, and says how large it is.
    ///
    /// # Errors
    /// As [`Source::file`].
    pub(super) fn open(&self) -> Result<(BufReader<File>, u64), FormatError> {
        let (file, bytes) = self.file()?;
        Ok((BufReader::with_capacity(1 << 16, file), bytes))
    }

    /// Opens a file, and unpacks it if it is an archive of gzip.
    ///
    /// # Errors
    /// As [`Source::file`].
    pub(super) fn open_unpacked(&self) -> Result<Opened, FormatError> {
        let (mut reader, bytes) = self.open()?;
        let start = (reader.fill_buf()).map_err(|error| self.unreadable(error))?;
        if !start.starts_with(GZIP) {
            return Opened::plain(*self, reader, bytes);
        }
        let unpacked = BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader));
        Ok(Opened::new(unpacked, bytes, unfolded(bytes)))
    }

    /// Returns the path of a data file that this header names.
    ///
    /// # Errors
    /// A name that leads out of the header's folder, also through a link; nothing there.
    pub(super) fn beside(&self, name: &str) -> Result<PathBuf, FormatError> {
        let outside = || {
            self.unsupported(format!(
                "keeps its voxels in `{name}`, which is not in its own folder; move that file beside \
                 the header, and name it there"
            ))
        };
        let is_within = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if name.is_empty() || !is_within || name.contains(['\\', ':', '\0']) {
            return Err(outside());
        }
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let path = folder.join(name);
        let real = |path: &Path| {
            path.canonicalize().map_err(|source| FormatError::Read {
                path: path.to_owned(),
                source,
            })
        };
        if real(&path)?.starts_with(real(folder)?) {
            Ok(path)
        } else {
            Err(outside())
        }
    }

    /// Returns the number of the volume to take of `frames`. `hint` goes on after how many there are.
    ///
    /// # Errors
    /// Several and none was declared, or one that is not there.
    pub(super) fn choose(
        &self,
        frame: Option<u32>,
        frames: u64,
        hint: &str,
    ) -> Result<u64, FormatError> {
        match frame {
            None if frames > 1 => Err(self.unsupported(format!(
                "holds {frames} volumes{hint}; declare which one as `frame: 0` to `frame: {}`, or of \
                 labels as `label_frame`",
                frames - 1
            ))),
            None => Ok(0),
            Some(frame) if u64::from(frame) < frames => Ok(frame.into()),
            Some(frame) => Err(self.unsupported(format!(
                "holds {frames} volumes{hint}, but number {frame} was declared (counted from 0)"
            ))),
        }
    }

    pub(super) fn broken(&self, problem: impl Into<String>) -> FormatError {
        FormatError::Broken {
            path: self.path.to_owned(),
            problem: problem.into(),
        }
    }

    pub(super) fn unsupported(&self, problem: impl Into<String>) -> FormatError {
        FormatError::Unsupported {
            path: self.path.to_owned(),
            problem: problem.into(),
        }
    }

    /// Says that a header promises more than a file of this size can hold.
    pub(super) fn promise(&self, promised: impl Into<String>, bytes: u64) -> FormatError {
        FormatError::Promise {
            path: self.path.to_owned(),
            promised: promised.into(),
            bytes,
        }
    }

    pub(super) fn unreadable(&self, source: io::Error) -> FormatError {
        FormatError::Read {
            path: self.path.to_owned(),
            source,
        }
    }

    /// Says why reading stopped: the system, a broken archive, or the end of the file.
    pub(super) fn stopped(&self, error: io::Error) -> FormatError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.broken("ends too early: it is truncated"),
            io::ErrorKind::OutOfMemory => self.unreadable(error),
            _ if error.raw_os_error().is_some() => self.unreadable(error),
            _ => self.broken(error.to_string()),
        }
    }
}

/// Returns what a packed file can unfold to.
pub(super) fn unfolded(bytes: u64) -> u64 {
    bytes.saturating_mul(DENSEST).min(LARGEST)
}

/// Longest line of a header in text. Slicer writes the whole history of a segmentation into one.
const LONGEST: u64 = 1 << 20;

/// Reads a line of a header in text, without its end; `None` at the end of the file. What is no
/// UTF-8, such as names in Latin-1, is replaced.
///
/// # Errors
/// What the system says, and a line that is longer than a mebibyte.
pub(super) fn line(reader: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if reader.take(LONGEST).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.pop_if(|last| *last == b'\n').is_some() {
        bytes.pop_if(|last| *last == b'\r');
    } else if bytes.len() as u64 == LONGEST {
        let problem = "its header has a line that does not end";
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
