//! Samples left in their file. See [`Run`].

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
};

use super::{FormatError, source::Source};

/// Samples that a file has one after the other, as they are.
pub(super) struct Run {
    path: PathBuf,
    /// It has one position, for one reader at a time.
    file: RefCell<File>,
    start: u64,
    pub(super) bytes: u64,
}

impl Run {
    /// Keeps in mind which bytes of a file they are.
    pub(super) fn new(source: Source, file: File, start: u64, bytes: u64) -> Self {
        Self {
            path: source.path.to_owned(),
            file: RefCell::new(file),
            start,
            bytes,
        }
    }

    /// Reads some of the bytes, after others.
    ///
    /// # Errors
    /// They are not there any more.
    pub(super) fn read(&self, skipped: u64, bytes: u64) -> Result<Vec<u8>, FormatError> {
        let read = || {
            let mut samples = Vec::new();
            let room = samples.try_reserve_exact(bytes as usize);
            room.map_err(|_| io::ErrorKind::OutOfMemory)?;
            let mut file = self.file.borrow_mut();
            file.seek(SeekFrom::Start(self.start + skipped))?;
            (&mut *file).take(bytes).read_to_end(&mut samples)?;
            if samples.len() as u64 == bytes {
                Ok(samples)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        };
        let source = Source { path: &self.path };
        read().map_err(|error: io::Error| source.stopped(error))
    }
}
