//! A file that grows case by case. See [`CaseLog`].

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::{
    RunError,
    error::{reading, writing},
    folder::{create_new, replace},
};

/// A case's place in the canonical order: by dataset as in the scenario, then by identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseKey {
    /// Index into the scenario's datasets.
    pub dataset: usize,
    /// Identifies the case within its dataset.
    pub case: String,
}

/// A text file to which whole cases are appended, in any order, and which is put into the canonical
/// order at the end: its bytes depend neither on threads nor on batches.
///
/// A case is one write, handed to the disk before [`CaseLog::append`] returns; after a power cut at
/// most the case being written is torn. A write that fails is undone.
#[derive(Debug)]
pub(super) struct CaseLog {
    path: PathBuf,
    file: File,
    /// Bytes of the header.
    header: u64,
    /// Each case with the end of its lines.
    blocks: Vec<(CaseKey, u64)>,
}

impl CaseLog {
    /// Creates the file, which must not exist, with a header.
    pub(super) fn create(path: PathBuf, header: &[u8]) -> Result<Self, RunError> {
        let mut file = create_new(&path)?;
        file.write_all(header).map_err(writing(&path))?;
        Ok(Self {
            path,
            file,
            header: header.len() as u64,
            blocks: Vec::new(),
        })
    }

    /// Returns the file's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the lines of a case.
    pub(super) fn append(&mut self, key: CaseKey, lines: &[u8]) -> Result<(), RunError> {
        if lines.is_empty() {
            return Ok(());
        }
        let end = self.end();
        let written = self
            .file
            .write_all(lines)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Whole cases only. Should this fail too, a reader names the torn line.
            _ = self.file.set_len(end);
            _ = self.file.seek(SeekFrom::Start(end));
            return Err(writing(&self.path)(error));
        }
        self.blocks.push((key, end + lines.len() as u64));
        Ok(())
    }

    /// Puts the cases into the canonical order and closes the file.
    pub(super) fn finish(self) -> Result<(), RunError> {
        if self.blocks.is_sorted() {
            return self.file.sync_all().map_err(writing(&self.path));
        }
        let starts = std::iter::once(self.header).chain(self.blocks.iter().map(|&(_, end)| end));
        let mut spans: Vec<_> = self
            .blocks
            .iter()
            .zip(starts)
            .map(|((key, end), start)| (key, start, end - start))
            .collect();
        spans.sort();
        let mut source = File::open(&self.path).map_err(reading(&self.path))?;
        replace(&self.path, |target| {
            let mut copy = |start, length| copy_span(&mut source, start, length, target);
            copy(0, self.header).map_err(writing(&self.path))?;
            for &(_, start, length) in &spans {
                copy(start, length).map_err(writing(&self.path))?;
            }
            Ok(())
        })
    }

    fn end(&self) -> u64 {
        self.blocks.last().map_or(self.header, |&(_, end)| end)
    }
}

fn copy_span(source: &mut File, start: u64, length: u64, target: &mut File) -> io::Result<()> {
    source.seek(SeekFrom::Start(start))?;
    let copied = io::copy(&mut source.take(length), target)?;
    if copied < length {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "it was shortened by someone else meanwhile",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(dataset: usize, case: &str) -> CaseKey {
        CaseKey {
            dataset,
            case: case.to_owned(),
        }
    }

    #[test]
    fn cases_end_in_canonical_order_whatever_the_order_of_arrival() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cases = [
            (key(0, "a"), "0a 1\n0a 2\n"),
            (key(0, "b"), "0b\n"),
            (key(1, "a"), "1a, longer than the others\n"),
        ];
        for (number, order) in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]]
            .iter()
            .enumerate()
        {
            let path = folder.path().join(number.to_string());
            let mut log = CaseLog::create(path.clone(), b"header\n").expect("writable");
            for &case in order {
                let (key, lines) = &cases[case];
                log.append(key.clone(), lines.as_bytes()).expect("writable");
            }
            log.append(key(0, "nothing"), b"").expect("writable");
            log.finish().expect("writable");
            assert_eq!(
                std::fs::read_to_string(&path).expect("readable"),
                "header\n0a 1\n0a 2\n0b\n1a, longer than the others\n"
            );
        }
        let left = std::fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(left, 4, "no partial file stays");
    }

    #[test]
    fn lines_are_on_disk_before_the_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log");
        let mut log = CaseLog::create(path.clone(), b"").expect("writable");
        log.append(key(0, "a"), b"line\n").expect("writable");
        assert_eq!(std::fs::read(&path).expect("readable"), b"line\n");
    }
}
