//! A file that is not complete yet. See [`Partial`].

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{Failure, Progress, PullError};
use crate::weights::{Content, Digest};

/// Bytes moved between two reports of progress.
const CHUNK: usize = 1 << 16;

/// The file `<name>.part`, locked against other pulls, with the hash of what is in it.
pub(super) struct Partial {
    /// Where the complete file goes.
    target: PathBuf,
    path: PathBuf,
    file: File,
    content: Content,
    length: u64,
    hasher: Sha256,
}

impl Partial {
    /// Opens the partial file of `target`, keeping what an earlier pull left.
    pub(super) fn open(target: &Path, content: Content) -> Result<Self, PullError> {
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let write_error = |source| PullError::Write {
            path: path.clone(),
            source,
        };
        let mut file = open_locked(&path)?;
        if file.metadata().map_err(write_error)?.len() >= content.bytes {
            // No pull stops there, so this may be a file that another pull has completed and
            // moved to its place while the lock was waited for: it is let go, never truncated.
            fs::remove_file(&path)
                .or_else(ignore_absent)
                .map_err(write_error)?;
            file = open_locked(&path)?;
        }
        let mut hasher = Sha256::new();
        let mut there = (&file).take(content.bytes);
        let length = io::copy(&mut there, &mut hasher).map_err(write_error)?;
        Ok(Self {
            target: target.to_owned(),
            path,
            file,
            content,
            length,
            hasher,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number of bytes that are here.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Returns what the file must become.
    pub(super) fn content(&self) -> Content {
        self.content
    }

    /// Returns whether the whole file is here, and is the right one.
    pub(super) fn is_right(&self) -> bool {
        self.length == self.content.bytes
            && Digest::from(self.hasher.clone()) == self.content.sha256
    }

    /// Drops what is here.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.length = 0;
        self.hasher = Sha256::new();
        Ok(())
    }

    /// Appends a stream to its end, but never more than the file may have.
    pub(super) fn append(
        &mut self,
        stream: impl io::Read,
        report: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), Failure> {
        let total = self.content.bytes;
        // One byte more than is wanted tells a longer stream from a complete one.
        let mut stream = stream.take(total - self.length + 1);
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = match stream.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Failure::Source(format!(
                        "broken off at byte {} of {total}: {error}",
                        self.length
                    )));
                }
            };
            let bytes = &chunk[..count];
            self.file.write_all(bytes).map_err(Failure::Write)?;
            self.hasher.update(bytes);
            self.length += count as u64;
            let bytes = self.length.min(total);
            report(Progress::Received { bytes, total });
        }
    }

    /// Moves the file to its place if it is complete and right. One that is too short is kept
    /// for the next attempt; a wrong one is dropped, for it could never become right.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        let Content { bytes, sha256 } = self.content;
        if self.length < bytes {
            return Err(Failure::Source(format!(
                "it ended at byte {} of {bytes}",
                self.length
            )));
        }
        if !self.is_right() {
            let reason = if self.length > bytes {
                format!("it has more than the expected {bytes} bytes")
            } else {
                let found = Digest::from(self.hasher.clone());
                format!("its sha256 is {found}, expected {sha256}")
            };
            self.restart().map_err(Failure::Write)?;
            return Err(Failure::Source(reason));
        }
        self.file.sync_all().map_err(Failure::Write)?;
        fs::rename(&self.path, &self.target).map_err(Failure::Write)
    }
}

fn open_locked(path: &Path) -> Result<File, PullError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(|source| PullError::Write {
            path: path.to_owned(),
            source,
        })?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(PullError::Busy {
            path: path.to_owned(),
        }),
        // Some network file systems have no locks; the hash still decides.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn ignore_absent(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

impl Drop for Partial {
    /// Leaves no empty file behind. Failing to is no harm.
    fn drop(&mut self) {
        if self.length == 0 {
            drop(fs::remove_file(&self.path));
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_ends_the_pull() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let content = Content {
            bytes: 9,
            sha256: Sha256::new_with_prefix("123456789").into(),
        };
        let target = folder.path().join("net.pt");
        let mut partial = Partial::open(&target, content).expect("a writable folder");
        // The device that is always full.
        let full = OpenOptions::new().write(true).open("/dev/full");
        partial.file = full.expect("Linux has it");
        let outcome = partial.append(b"123456789".as_slice(), &mut |_| {});
        assert!(matches!(
            outcome,
            Err(Failure::Write(error)) if error.kind() == io::ErrorKind::StorageFull
        ));
        drop(partial);
        assert!(!target.exists());
    }
}
