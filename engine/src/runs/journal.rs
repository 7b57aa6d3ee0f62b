//! `journal.log`: which cases are finished, and where their lines lie. See [`Journal`].

use std::{
    fs::{File, OpenOptions},
    io::{
        BufRead as _, BufReader, BufWriter, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _,
    },
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    CaseKey, Counts, RunError,
    error::{reading, writing},
    folder::replace,
    log::Span,
};

/// The longest line read, in bytes: a hundred times the longest that is written.
const LONGEST: u64 = 1 << 20;

/// Says that a case is finished: its lines are where the spans say. Entries sort by case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The case.
    pub(super) key: CaseKey,
    /// In `rows.csv`, `predictions.jsonl` and `failures.csv`.
    pub(super) spans: [Span; 3],
    /// How much it adds to the run's.
    pub(super) counts: Counts,
}

/// One line, after its checksum.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// A case is finished.
    Case(Entry),
    /// All files lie sorted beside the old ones: from here on the sorted ones count.
    Sorted,
}

/// A file with one line per finished case: CRC-32 in hexadecimal, a blank, JSON.
///
/// A case is finished when its line is whole; the line is written after the case's rows,
/// predictions and failure. A line that is torn or damaged counts for nothing.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

/// Reads a journal line by line; one that does not exist says nothing. `None` stands for a line that is
/// torn or damaged.
pub(super) fn read(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Option<Record>, RunError>> + use<>, RunError> {
    let source = match File::open(path) {
        Ok(file) => Some(BufReader::new(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(reading(path)(error)),
    };
    let path = path.to_owned();
    let mut line = Vec::new();
    let lines = source.map(|mut source| {
        std::iter::from_fn(move || {
            line.clear();
            let read = source.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            match read.map_err(reading(&path)) {
                Ok(0) => None,
                read => Some(read.map(|_| parse(&line))),
            }
        })
    });
    Ok(lines.into_iter().flatten())
}

/// Reads what a journal says of cases, in the order in which they were finished.
pub(super) fn read_entries(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Entry, RunError>> + use<>, RunError> {
    Ok(read(path)?.filter_map(|record| match record {
        Ok(Some(Record::Case(entry))) => Some(Ok(entry)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    }))
}

impl Journal {
    /// Opens the journal to append to it, after its last whole line; creates it if it is not there.
    pub(super) fn open(path: PathBuf) -> Result<Self, RunError> {
        if path.is_symlink() {
            return Err(RunError::Elsewhere(path));
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(writing(&path))?;
        let end = last_line_end(&mut file).map_err(reading(&path))?;
        let cut = file.set_len(end).and_then(|()| file.seek(SeekFrom::End(0)));
        cut.map_err(writing(&path))?;
        Ok(Self { path, file })
    }

    /// Appends that a case is finished.
    pub(super) fn append(&mut self, entry: Entry) -> Result<(), RunError> {
        self.append_record(&Record::Case(entry))
    }

    /// Appends that the sorted files count from here on.
    pub(super) fn append_sorted(&mut self) -> Result<(), RunError> {
        self.append_record(&Record::Sorted)?;
        self.sync()
    }

    fn append_record(&mut self, record: &Record) -> Result<(), RunError> {
        let line = line(record, &self.path)?;
        let end = self.file.stream_position().map_err(writing(&self.path))?;
        if let Err(error) = self.file.write_all(&line) {
            // Should this fail too, the torn line counts for nothing.
            _ = self.file.set_len(end);
            return Err(writing(&self.path)(error));
        }
        Ok(())
    }

    /// Replaces the journal by one that says `entries`.
    pub(super) fn replace(
        path: &Path,
        entries: impl Iterator<Item = Result<Entry, RunError>>,
    ) -> Result<(), RunError> {
        replace(path, |file| {
            let mut target = BufWriter::new(file);
            for entry in entries {
                let line = line(&Record::Case(entry?), path)?;
                target.write_all(&line).map_err(writing(path))?;
            }
            target.flush().map_err(writing(path))
        })
    }

    /// Waits until all that was appended is on the disk.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        self.file.sync_data().map_err(writing(&self.path))
    }
}

fn line(record: &Record, path: &Path) -> Result<Vec<u8>, RunError> {
    let json = serde_json::to_string(record).map_err(|error| RunError::Encode {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(format!("{} {json}\n", checksum(&json)).into_bytes())
}

/// Returns the CRC-32 of a line's text as it is written: in any other spelling it is damaged.
fn checksum(json: &str) -> String {
    format!("{:08x}", crc32fast::hash(json.as_bytes()))
}

/// Reads a line; `None` if it is not what was written.
fn parse(line: &[u8]) -> Option<Record> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (crc, json) = line.split_once(' ')?;
    (crc == checksum(json))
        .then(|| serde_json::from_str(json).ok())
        .flatten()
}

/// Returns where the last line that has an end ends.
fn last_line_end(file: &mut File) -> std::io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut block = vec![0; 4096];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let part = &mut block[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(newline) = part.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(case: &str) -> Entry {
        Entry {
            key: CaseKey {
                dataset: 1,
                case: case.to_owned(),
            },
            spans: [1, 2, 3].map(|start| Span {
                start,
                length: 10,
                crc: 7,
            }),
            counts: Counts {
                cases: 1,
                ..Counts::default()
            },
        }
    }

    fn entries(path: &Path) -> Vec<Entry> {
        let entries: Result<_, _> = read_entries(path).expect("readable").collect();
        entries.expect("readable")
    }

    fn cases(path: &Path) -> Vec<String> {
        entries(path).into_iter().map(|e| e.key.case).collect()
    }

    #[test]
    fn a_torn_line_counts_for_nothing_and_is_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("journal.log");
        let mut journal = Journal::open(path.clone()).expect("writable");
        for case in ["a", "b\n\"", "c"] {
            journal.append(entry(case)).expect("writable");
        }
        let text = std::fs::read(&path).expect("readable");
        std::fs::write(&path, &text[..text.len() - 5]).expect("writable");
        assert_eq!(cases(&path), ["a", "b\n\""]);
        let mut journal = Journal::open(path.clone()).expect("writable");
        journal.append(entry("d")).expect("writable");
        assert_eq!(cases(&path), ["a", "b\n\"", "d"]);
    }

    #[test]
    fn a_checksum_in_other_letters_is_damaged() {
        let line = line(&Record::Case(entry("a")), Path::new("journal.log")).expect("it is text");
        let shouted: Vec<u8> = line[..8].to_ascii_uppercase();
        assert_ne!(
            shouted,
            line[..8],
            "another case: this checksum has no letters"
        );
        assert!(parse(&line).is_some());
        assert!(parse(&[&shouted, &line[8..]].concat()).is_none());
    }

    proptest! {
        #[test]
        fn any_damage_costs_only_the_lines_it_hits(at in 0usize..1000, flip in 1u8..) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("journal.log");
            let written: Vec<_> = ["a", "b", "c", "d"].map(entry).into();
            Journal::replace(&path, written.iter().cloned().map(Ok)).expect("writable");
            let mut text = std::fs::read(&path).expect("readable");
            let at = at % text.len();
            text[at] ^= flip;
            std::fs::write(&path, &text).expect("writable");
            let left = entries(&path);
            prop_assert!(left.len() >= 2);
            prop_assert!(left.iter().all(|entry| written.contains(entry)));
            let damaged = |record: Result<Option<Record>, _>| record.expect("readable").is_none();
            prop_assert!(read(&path).expect("readable").any(damaged));
        }

        #[test]
        fn anything_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("journal.log");
            std::fs::write(&path, bytes).expect("writable");
            prop_assert!(entries(&path).is_empty());
            Journal::open(path).expect("writable");
        }
    }
}
