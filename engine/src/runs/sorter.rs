//! Sorting more than memory should hold. See [`Sorter`].

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    RunError,
    error::{reading, writing},
};

/// What is read ahead of each part, in bytes: what memory grows with, once for each full load.
const AHEAD: usize = 1 << 12;

/// Takes values in any order, to give them back sorted. Of more than `most` it keeps sorted parts in a
/// nameless file, as JSON lines.
#[derive(Debug)]
pub(super) struct Sorter<T> {
    /// Where the file is made.
    folder: PathBuf,
    most: usize,
    held: Vec<T>,
    spilled: Option<Spilled>,
    count: usize,
}

/// The sorted parts of a file, one after the other.
#[derive(Debug)]
struct Spilled {
    file: File,
    /// Where each part ends.
    ends: Vec<u64>,
}

/// Values in ascending order.
#[derive(Debug)]
pub(super) struct Sorted<T>(Sorter<T>);

impl<T: Ord + Clone + Serialize + DeserializeOwned> Sorter<T> {
    /// Starts without values; no more than `most` are held. The file would be made in `folder`.
    pub(super) fn new(folder: &Path, most: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            most,
            held: Vec::new(),
            spilled: None,
            count: 0,
        }
    }

    /// Takes a value.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn push(&mut self, value: T) -> Result<(), RunError> {
        if self.held.len() == self.most {
            self.spill().map_err(writing(&self.folder))?;
        }
        self.held.push(value);
        self.count += 1;
        Ok(())
    }

    /// Sorts.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn finish(mut self) -> Result<Sorted<T>, RunError> {
        self.held.sort_unstable();
        if self.spilled.is_some() {
            self.spill().map_err(writing(&self.folder))?;
            self.held = Vec::new();
        }
        Ok(Sorted(self))
    }

    /// Moves what is held to the end of the file, as a part of its own.
    fn spill(&mut self) -> io::Result<()> {
        self.held.sort_unstable();
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            none => none.insert(Spilled {
                file: tempfile::tempfile_in(&self.folder)?,
                ends: Vec::new(),
            }),
        };
        let mut target = BufWriter::new(&mut spilled.file);
        for value in self.held.drain(..) {
            serde_json::to_writer(&mut target, &value)?;
            target.write_all(b"\n")?;
        }
        target.flush()?;
        drop(target);
        spilled.ends.push(spilled.file.stream_position()?);
        Ok(())
    }
}

impl<T: Ord + Clone + Serialize + DeserializeOwned> Sorted<T> {
    /// Returns how many values there are.
    pub(super) fn len(&self) -> usize {
        self.0.count
    }

    /// Returns the values in ascending order, as often as it is called.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn merge(&self) -> Result<Merge<'_, T>, RunError> {
        let mut merge = Merge {
            folder: &self.0.folder,
            held: self.0.held.iter(),
            parts: Vec::new(),
            next: BinaryHeap::new(),
        };
        if let Some(Spilled { file, ends }) = &self.0.spilled {
            let mut start = 0;
            for (number, &end) in ends.iter().enumerate() {
                let part = Part { file, start, end };
                let mut part = BufReader::with_capacity(AHEAD, part);
                let first = read_value(&mut part).map_err(reading(merge.folder))?;
                merge
                    .next
                    .extend(first.map(|first| Reverse((first, number))));
                merge.parts.push(part);
                start = end;
            }
        }
        Ok(merge)
    }
}

/// The values of a [`Sorted`], one after the other.
pub(super) struct Merge<'a, T> {
    folder: &'a Path,
    /// All of them, if there is no file.
    held: std::slice::Iter<'a, T>,
    parts: Vec<BufReader<Part<'a>>>,
    /// The first value of each part that has not ended, and the part's number.
    next: BinaryHeap<Reverse<(T, usize)>>,
}

impl<T: Ord + Clone + DeserializeOwned> Iterator for Merge<'_, T> {
    type Item = Result<T, RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(value) = self.held.next() {
            return Some(Ok(value.clone()));
        }
        let mut least = self.next.peek_mut()?;
        let number = least.0.1;
        match read_value(&mut self.parts[number]) {
            Ok(Some(value)) => Some(Ok(std::mem::replace(&mut least.0.0, value))),
            Ok(None) => Some(Ok(PeekMut::pop(least).0.0)),
            Err(error) => Some(Err(reading(self.folder)(error))),
        }
    }
}

/// Reads a line; `None` at the end.
fn read_value<T: DeserializeOwned>(source: &mut BufReader<Part<'_>>) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    if source.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// A part of a file that several readers share; one reads at a time.
struct Part<'a> {
    file: &'a File,
    start: u64,
    end: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.start).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        self.file.seek(SeekFrom::Start(self.start))?;
        let read = self.file.read(&mut buffer[..wanted])?;
        self.start += read as u64;
        Ok(read)
    }
}

/// A number that sorts as [`f64::total_cmp`] does, and is kept to the bit.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub(super) struct Ranked(i64);

impl Ranked {
    /// Flips what makes the bits of negative numbers sort backwards; twice is nothing.
    fn flip(bits: i64) -> i64 {
        bits ^ ((bits >> 63) as u64 >> 1) as i64
    }
}

impl From<f64> for Ranked {
    fn from(value: f64) -> Self {
        Self(Self::flip(value.to_bits() as i64))
    }
}

impl From<Ranked> for f64 {
    fn from(Ranked(rank): Ranked) -> Self {
        Self::from_bits(Ranked::flip(rank) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_come_sorted_whatever_is_held(
            values in proptest::collection::vec(any::<(u8, String)>(), 0..60), most in 1usize..70,
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut sorter = Sorter::new(folder.path(), most);
            for value in &values {
                sorter.push(value.clone()).expect("writable");
                prop_assert!(sorter.held.len() <= most && sorter.held.capacity() < 2 * most.max(4));
            }
            let sorted = sorter.finish().expect("writable");
            prop_assert_eq!(sorted.len(), values.len());
            let mut expected = values;
            expected.sort_unstable();
            for _ in 0..2 {
                let found: Result<Vec<_>, _> = sorted.merge().expect("readable").collect();
                prop_assert_eq!(&found.expect("readable"), &expected);
            }
            let left = std::fs::read_dir(folder.path()).expect("readable").count();
            prop_assert_eq!(left, 0, "the file has no name");
        }

        #[test]
        fn numbers_are_ranked_and_kept(a in any::<f64>(), b in any::<f64>()) {
            let [x, y] = [a, b].map(Ranked::from);
            prop_assert_eq!(x.cmp(&y), a.total_cmp(&b));
            prop_assert_eq!(f64::from(x).to_bits(), a.to_bits());
        }
    }
}
