//! The canonical order of a run's files, reached without a moment at which a kill would cost
//! anything. See [`write`].

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Failure, RunError, RunFolder,
    error::writing,
    folder::{remove, replace, sync_folder},
    journal::{self, Entry, Journal, Record},
    log::{CaseLog, Span},
    rows::header,
    sorter::{Sorted, Sorter},
};

/// How many entries are held while they are sorted: about a megabyte.
pub(super) const HELD: usize = 1 << 12;

/// The growing files of a run, in the order in which a case is written to them.
#[derive(Debug)]
pub(super) struct Files {
    /// Rows, predictions, failures.
    pub(super) logs: [PathBuf; 3],
    /// The headers of these three.
    headers: [String; 3],
    pub(super) journal: PathBuf,
}

impl Files {
    pub(super) fn of(folder: &RunFolder) -> Self {
        Self {
            logs: [folder.rows(), folder.predictions(), folder.failures()],
            headers: [
                folder.rows_header(),
                String::new(),
                header(&Failure::COLUMNS),
            ],
            journal: folder.journal(),
        }
    }

    pub(super) fn open_logs(&self) -> Result<[CaseLog; 3], RunError> {
        let open =
            |file: usize| CaseLog::open(self.logs[file].clone(), self.headers[file].as_bytes());
        Ok([open(0)?, open(1)?, open(2)?])
    }

    /// Sorts what the journal says of cases, whichever spans they have.
    pub(super) fn sort_journal(&self) -> Result<Sorted<Entry>, RunError> {
        let folder = self.journal.parent().unwrap_or(Path::new("."));
        let mut sorter = Sorter::new(folder, HELD);
        for entry in journal::read_entries(&self.journal)? {
            sorter.push(entry?)?;
        }
        sorter.finish()
    }

    /// Returns whether the journal is in canonical order, and the files are its cases' lines in that
    /// order and end at `ends`.
    pub(super) fn are_sorted(&self, ends: [u64; 3]) -> Result<bool, RunError> {
        let mut last = None;
        let mut expected = self.starts();
        for entry in journal::read_entries(&self.journal)? {
            let entry = entry?;
            let follows = last.as_ref().is_none_or(|last| *last <= entry.key)
                && entry.spans.each_ref().map(|span| span.start) == expected;
            if !follows {
                return Ok(false);
            }
            expected = entry.spans.map(Span::end);
            last = Some(entry.key);
        }
        Ok(ends == expected)
    }

    /// Gives entries in canonical order the spans that they have in sorted files.
    fn place(
        &self,
        entries: impl Iterator<Item = Result<Entry, RunError>>,
    ) -> impl Iterator<Item = Result<Entry, RunError>> {
        let mut ends = self.starts();
        entries.map(move |entry| {
            let mut entry = entry?;
            for (span, end) in entry.spans.iter_mut().zip(&mut ends) {
                span.start = *end;
                *end = span.end();
            }
            Ok(entry)
        })
    }

    /// Returns where the first lines begin.
    fn starts(&self) -> [u64; 3] {
        self.headers.each_ref().map(|header| header.len() as u64)
    }
}

/// Writes all files in the order of `cases` beside themselves; [`settle`] puts them in place.
/// `copy` copies what a case has in one of the files.
pub(super) fn write<C: Ord + Clone + Serialize + DeserializeOwned>(
    files: &Files,
    cases: &Sorted<C>,
    mut copy: impl FnMut(usize, C, &mut BufWriter<&mut File>) -> io::Result<()>,
) -> Result<(), RunError> {
    for (number, path) in files.logs.iter().enumerate() {
        replace(&beside(path), |file| {
            let mut target = BufWriter::new(file);
            let header = files.headers[number].as_bytes();
            target.write_all(header).map_err(writing(path))?;
            for case in cases.merge()? {
                copy(number, case?, &mut target).map_err(writing(path))?;
            }
            target.flush().map_err(writing(path))
        })?;
    }
    Ok(())
}

/// Brings the files to the state the journal speaks of. Interrupted anywhere, it can be done again.
///
/// If its last word is that sorted files lie beside the old ones, they take their places, and the
/// journal is replaced by one that says where the cases are now.
pub(super) fn settle(files: &Files) -> Result<(), RunError> {
    let mut last = None;
    for record in journal::read(&files.journal)? {
        last = record?.or(last);
    }
    if !matches!(last, Some(Record::Sorted)) {
        for path in &files.logs {
            remove(&beside(path))?;
        }
        return Ok(());
    }
    for path in &files.logs {
        match fs::rename(beside(path), path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(writing(path)(error));
            }
            // Absent: it had taken its place already.
            _ => {}
        }
    }
    if let Some(folder) = files.journal.parent() {
        sync_folder(folder)?;
    }
    let entries = files.sort_journal()?;
    Journal::replace(&files.journal, files.place(entries.merge()?))
}

/// Returns where the sorted file is until it takes its place.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or(OsStr::new("")).to_owned();
    name.push(".sorted");
    path.with_file_name(name)
}
