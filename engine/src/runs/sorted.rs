//! The canonical order of a run's files, reached without a moment at which a kill would cost
//! anything. See [`write`].

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use super::{
    Failure, RunError, RunFolder,
    error::writing,
    folder::{remove, replace, sync_folder},
    journal::{Entry, Finished, Journal},
    log::CaseLog,
    rows::header,
};

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

    /// Puts the entries into canonical order, with the spans they then have. Each case is there once.
    /// In place: there may be a million.
    fn sort(&self, entries: &mut [Entry]) {
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let mut ends = self.starts();
        for entry in entries {
            for (span, end) in entry.spans.iter_mut().zip(&mut ends) {
                span.start = *end;
                *end = end.saturating_add(span.length);
            }
        }
    }

    /// Returns whether the entries are in canonical order, and the lines of each follow those before.
    pub(super) fn is_sorted(&self, entries: &[Entry]) -> bool {
        let mut ends = self.starts();
        entries.is_sorted_by_key(|entry| &entry.key)
            && entries.iter().all(|entry| {
                entry.spans.iter().zip(&mut ends).all(|(span, end)| {
                    let follows = span.start == *end;
                    *end = end.saturating_add(span.length);
                    follows
                })
            })
    }

    /// Returns where the first lines begin.
    fn starts(&self) -> [u64; 3] {
        self.headers.each_ref().map(|header| header.len() as u64)
    }
}

/// Writes all files in the order of `cases` beside themselves; [`settle`] puts them in place.
/// `copy` copies what a case has in one of the files.
pub(super) fn write<C: Copy>(
    files: &Files,
    cases: impl Iterator<Item = C> + Clone,
    mut copy: impl FnMut(usize, C, &mut BufWriter<&mut File>) -> io::Result<()>,
) -> Result<(), RunError> {
    for (number, path) in files.logs.iter().enumerate() {
        replace(&beside(path), |file| {
            let mut target = BufWriter::new(file);
            let mut write = || {
                target.write_all(files.headers[number].as_bytes())?;
                for case in cases.clone() {
                    copy(number, case, &mut target)?;
                }
                target.flush()
            };
            write().map_err(writing(path))
        })?;
    }
    Ok(())
}

/// Brings the files to the state the journal speaks of. Interrupted anywhere, it can be done again.
///
/// If its last word is that sorted files lie beside the old ones, they take their places, and the
/// journal is replaced by one that says where the cases are now.
pub(super) fn settle(files: &Files, mut found: Finished) -> Result<Finished, RunError> {
    if !found.is_sorted {
        for path in &files.logs {
            remove(&beside(path))?;
        }
        return Ok(found);
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
    files.sort(&mut found.entries);
    Journal::replace(&files.journal, &found.entries)?;
    found.is_sorted = false;
    Ok(found)
}

/// Returns where the sorted file is until it takes its place.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or(OsStr::new("")).to_owned();
    name.push(".sorted");
    path.with_file_name(name)
}
