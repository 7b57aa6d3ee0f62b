//! A file that grows case by case. See [`CaseLog`].

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    RunError,
    error::{reading, writing},
    folder::{create_new, remove},
};

/// A case's place in the canonical order: by dataset as in the scenario, then by identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseKey {
    /// Index into the scenario's datasets.
    pub dataset: usize,
    /// Identifies the case within its dataset.
    pub case: String,
}

/// Where a case's lines lie in a file, with their checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Span {
    /// Byte at which they begin; without meaning if there are none.
    pub(super) start: u64,
    /// Bytes.
    pub(super) length: u64,
    /// CRC-32 of the bytes.
    pub(super) crc: u32,
}

impl Span {
    pub(super) fn end(self) -> u64 {
        self.start.saturating_add(self.length)
    }
}

/// A text file with a header to which the lines of whole cases are appended, in any order.
#[derive(Debug)]
pub(super) struct CaseLog {
    path: PathBuf,
    header: Vec<u8>,
    file: File,
    end: u64,
}

impl CaseLog {
    /// Opens the file, or creates it with a header. A file with another header is replaced: nothing
    /// in it is of use.
    pub(super) fn open(path: PathBuf, header: &[u8]) -> Result<Self, RunError> {
        let has_header = !path.is_symlink()
            && File::open(&path).is_ok_and(|file| {
                let mut start = Vec::new();
                let read = file.take(header.len() as u64).read_to_end(&mut start);
                read.is_ok() && start == header
            });
        let (file, end) = if has_header {
            let file = OpenOptions::new().write(true).open(&path);
            let file = file.map_err(writing(&path))?;
            let end = file.metadata().map_err(reading(&path))?.len();
            (file, end)
        } else {
            remove(&path)?;
            let mut file = create_new(&path)?;
            file.write_all(header).map_err(writing(&path))?;
            (file, header.len() as u64)
        };
        Ok(Self {
            path,
            header: header.to_owned(),
            file,
            end,
        })
    }

    /// Returns the file's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how long the file's header is, in bytes.
    pub(super) fn header(&self) -> u64 {
        self.header.len() as u64
    }

    /// Opens the file to read its spans.
    pub(super) fn reader(&self) -> Result<SpanReader, RunError> {
        SpanReader::open(&self.path)
    }

    /// Forgets everything from byte `end` on, and appends there.
    pub(super) fn cut(&mut self, end: u64) -> Result<(), RunError> {
        self.end = end.max(self.header());
        let cut = self.file.set_len(self.end);
        cut.and_then(|()| self.file.seek(SeekFrom::Start(self.end)))
            .map_err(writing(&self.path))?;
        Ok(())
    }

    /// Returns the file's length.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Appends the lines of a case. A write that fails is undone.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<Span, RunError> {
        let span = Span {
            start: self.end,
            length: lines.len() as u64,
            crc: crc32fast::hash(lines),
        };
        if let Err(error) = self.file.write_all(lines) {
            // Should this fail too, a resumed run finds the torn lines.
            _ = self.cut(self.end);
            return Err(writing(&self.path)(error));
        }
        self.end = span.end();
        Ok(span)
    }

    /// Waits until all that was appended is on the disk.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        self.file.sync_data().map_err(writing(&self.path))
    }
}

/// Reads spans of a file.
#[derive(Debug)]
pub(super) struct SpanReader {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
}

impl SpanReader {
    pub(super) fn open(path: &Path) -> Result<Self, RunError> {
        Ok(Self {
            path: path.to_owned(),
            file: File::open(path).map_err(reading(path))?,
            buffer: vec![0; 1 << 16],
        })
    }

    /// Says whether a span is as it was written.
    pub(super) fn is_whole(&mut self, span: Span) -> Result<bool, RunError> {
        match self.copy(span, &mut io::sink()) {
            Ok(()) => Ok(true),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::InvalidData | ErrorKind::UnexpectedEof
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(reading(&self.path)(error)),
        }
    }

    /// Copies a span, as far as it is there.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends before it, `InvalidData` if its checksum is another.
    pub(super) fn copy(&mut self, span: Span, target: &mut impl Write) -> io::Result<()> {
        if span.length == 0 {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(span.start))?;
        let mut crc = crc32fast::Hasher::new();
        let mut left = span.length;
        while left > 0 {
            let part = left.min(self.buffer.len() as u64) as usize;
            let part = &mut self.buffer[..part];
            self.file.read_exact(part)?;
            crc.update(part);
            target.write_all(part)?;
            left -= part.len() as u64;
        }
        if crc.finalize() == span.crc {
            Ok(())
        } else {
            Err(io::Error::new(
                ErrorKind::InvalidData,
                "it was changed by someone else meanwhile",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_found_whole_until_it_is_touched() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log");
        let mut log = CaseLog::open(path.clone(), b"header\n").expect("writable");
        let spans = [&b"one\n"[..], b"", b"two\nthree\n"].map(|lines| log.append(lines));
        let spans = spans.map(|span| span.expect("writable"));
        drop(log);
        let whole = || {
            let mut reader = SpanReader::open(&path).expect("readable");
            spans.map(|span| reader.is_whole(span).expect("readable"))
        };
        assert_eq!(whole(), [true, true, true]);
        let text = std::fs::read(&path).expect("readable");
        std::fs::write(&path, &text[..text.len() - 1]).expect("writable");
        assert_eq!(whole(), [true, true, false], "cut off");
        std::fs::write(&path, text.to_ascii_uppercase()).expect("writable");
        assert_eq!(whole(), [false, true, false], "changed");
    }

    #[test]
    fn an_open_log_goes_on_where_it_is_cut() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log");
        let mut log = CaseLog::open(path.clone(), b"header\n").expect("writable");
        let first = log.append(b"first\n").expect("writable");
        log.append(b"torn").expect("writable");
        let mut log = CaseLog::open(path.clone(), b"header\n").expect("writable");
        log.cut(first.end()).expect("writable");
        log.append(b"second\n").expect("writable");
        let text = std::fs::read_to_string(&path).expect("readable");
        assert_eq!(text, "header\nfirst\nsecond\n");
        CaseLog::open(path.clone(), b"other\n").expect("writable");
        assert_eq!(std::fs::read(&path).expect("readable"), b"other\n");
    }
}
