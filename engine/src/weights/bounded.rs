//! Reads of an untrusted file. See [`BoundedFile`].

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::{Mutex, PoisonError},
};

use super::Flaw;

/// A file read piece by piece. No piece is allocated before it is known to lie inside the file,
/// so a lying header cannot ask for more memory than the file has bytes.
#[derive(Debug)]
pub(super) struct BoundedFile {
    file: Mutex<File>,
    length: u64,
}

impl BoundedFile {
    /// Opens the file and notes its length.
    pub(super) fn open(path: &Path) -> Result<Self, Flaw> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            file: Mutex::new(file),
            length,
        })
    }

    /// Returns the number of bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Checks that `length` bytes from `start` exist; `what` names them in the error.
    pub(super) fn check(&self, start: u64, length: u64, what: &str) -> Result<(), Flaw> {
        let end = start.saturating_add(length);
        if end > self.length {
            return Err(Flaw::BeyondEnd {
                what: what.to_owned(),
                end,
                length: self.length,
            });
        }
        Ok(())
    }

    /// Reads `length` bytes from `start`; `what` names them in the error.
    pub(super) fn read(&self, start: u64, length: u64, what: &str) -> Result<Vec<u8>, Flaw> {
        self.check(start, length, what)?;
        let mut bytes = vec![0; length as usize];
        // A reader that panicked leaves no state but the position, which is set here.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
