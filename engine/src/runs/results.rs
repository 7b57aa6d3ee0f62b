//! What a run writes while it runs. See [`Results`].

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    CaseKey, Counts, Failure, PredictedMask, Row, RunError, RunFolder,
    journal::{Entry, Finished, Journal},
    json_lines::json_lines,
    log::{CaseLog, Span},
    rows::csv_lines,
    sorted::{self, Files},
};

/// The part of the time that may be spent waiting for the disk.
const SYNC_SHARE: u32 = 10;

/// The files that grow with every finished case: `rows.csv`, `predictions.jsonl`, `failures.csv`,
/// and the journal that says which cases are in them.
///
/// Cases may arrive in any order; [`Results::finish`] puts the files into the canonical one. A run
/// that is killed leaves every case that was finished, and [`Results::open`] goes on from there.
///
/// A case's lines are written, then its line in the journal. Both are handed to the disk after each
/// case, or, where that would take more than a tenth of the time, with one of the next cases: after
/// a power cut that much is played again. Checksums tell what did not reach the disk.
#[derive(Debug)]
pub struct Results {
    files: Files,
    logs: [CaseLog; 3],
    journal: Journal,
    entries: Vec<Entry>,
    counts: Counts,
    /// What was given up while it was played.
    given_up: Option<CaseKey>,
    synced: Instant,
    sync_cost: Duration,
}

/// All that a run has to say about a case.
#[derive(Clone, Copy, Debug)]
pub struct CaseResult<'a> {
    /// Sorted by slice, object, model, strategy, repeat and prompt.
    pub rows: &'a [Row],
    /// One per row, in the same order.
    pub predictions: &'a [PredictedMask],
    /// What could not be played of it, and why.
    pub failures: &'a [Failure],
    /// How many slices were played.
    pub slices: usize,
    /// How many trials were played.
    pub trials: usize,
}

impl Results {
    /// Opens the files of a run, and finds which cases are finished. Torn and damaged lines are
    /// dropped: their cases are not finished.
    pub fn open(folder: &RunFolder) -> Result<Self, RunError> {
        let files = Files::of(folder);
        let found = Finished::read(&files.journal)?;
        let found = sorted::settle(&files, found)?;
        let mut logs = files.open_logs()?;
        let entries = whole_entries(&logs, &found.entries)?;
        let dropped = found.entries.len() - entries.len() + found.damaged;
        if dropped > 0 {
            Journal::replace(&files.journal, &entries)?;
        }
        for (file, log) in logs.iter_mut().enumerate() {
            let ends = entries.iter().map(|entry| used_end(entry.spans[file]));
            let end = ends.max().unwrap_or(0);
            if log.end() > end.max(log.header()) {
                tracing::debug!("{} is cut to {end} bytes", log.path().display());
            }
            log.cut(end)?;
        }
        if dropped > 0 {
            tracing::info!(
                "{dropped} records in {} are torn or damaged; these cases are played again",
                folder.root().display()
            );
        }
        let mut counts = Counts::default();
        for entry in &entries {
            counts += entry.counts;
        }
        Ok(Self {
            journal: Journal::open(files.journal.clone())?,
            files,
            logs,
            entries,
            counts,
            given_up: None,
            synced: Instant::now(),
            sync_cost: Duration::ZERO,
        })
    }

    /// Returns the cases that are finished.
    pub fn finished(&self) -> impl Iterator<Item = &CaseKey> {
        self.entries.iter().map(|entry| &entry.key)
    }

    /// Returns how much the finished cases are.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns what is finished, and closes the files.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Appends, as all there is to say of a case, why it is given up while it is played, and hands
    /// that to the disk. Should it be finished after all, that is ignored.
    pub(crate) fn give_up_case(&mut self, key: CaseKey, failure: &Failure) -> Result<(), RunError> {
        let result = CaseResult {
            rows: &[],
            predictions: &[],
            failures: std::slice::from_ref(failure),
            slices: 0,
            trials: 0,
        };
        self.finish_case(key.clone(), &result)?;
        self.given_up = Some(key);
        self.sync()
    }

    /// Appends a finished case.
    pub fn finish_case(&mut self, key: CaseKey, result: &CaseResult<'_>) -> Result<(), RunError> {
        if self.given_up.as_ref() == Some(&key) {
            return Ok(());
        }
        let rows = csv_lines(result.rows, self.logs[0].path())?;
        let predictions = json_lines(result.predictions, self.logs[1].path())?;
        let failures = csv_lines(result.failures, self.logs[2].path())?;
        let ends = self.logs.each_ref().map(CaseLog::end);
        let written = self.append(key, [&rows, &predictions, &failures], result);
        if written.is_err() {
            // Whole cases only. Should this fail too, a resumed run finds the torn lines.
            for (log, end) in self.logs.iter_mut().zip(ends) {
                _ = log.cut(end);
            }
        }
        written
    }

    fn append(
        &mut self,
        key: CaseKey,
        lines: [&[u8]; 3],
        result: &CaseResult<'_>,
    ) -> Result<(), RunError> {
        let mut spans = [Span::default(); 3];
        for ((span, log), lines) in spans.iter_mut().zip(&mut self.logs).zip(lines) {
            *span = log.append(lines)?;
        }
        let counts = Counts {
            cases: 1,
            failed: usize::from(!result.failures.is_empty()),
            slices: result.slices,
            trials: result.trials,
            predictions: result.rows.len(),
        };
        let entry = self.journal.append(Entry { key, spans, counts })?;
        self.counts += counts;
        self.entries.push(entry);
        if self.synced.elapsed() >= self.sync_cost * SYNC_SHARE {
            self.sync()?;
        }
        Ok(())
    }

    /// Puts the files into canonical order. To be called also when the run is interrupted.
    pub fn finish(mut self) -> Result<(), RunError> {
        self.sync()?;
        let ends = self.logs.each_ref().map(CaseLog::end);
        let is_compact = |file: usize| {
            let last = self.entries.last();
            let end = last.map_or(0, |entry| entry.spans[file].end());
            ends[file] == end.max(self.logs[file].header())
        };
        if self.files.is_sorted(&self.entries) && (0..3).all(is_compact) {
            return Ok(());
        }
        let readers: Result<Vec<_>, _> = self.logs.iter().map(CaseLog::reader).collect();
        let mut readers = readers?;
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        sorted::write(&self.files, entries.into_iter(), |file, entry, target| {
            readers[file].copy(entry.spans[file], target)
        })?;
        self.journal.append_sorted()?;
        let found = Finished {
            entries: self.entries,
            is_sorted: true,
            damaged: 0,
        };
        sorted::settle(&self.files, found).map(drop)
    }

    /// Hands all that was written to the disk: lines first, then what says that they are there.
    fn sync(&mut self) -> Result<(), RunError> {
        let start = Instant::now();
        for log in &self.logs {
            log.sync()?;
        }
        self.journal.sync()?;
        self.synced = Instant::now();
        self.sync_cost = self.synced - start;
        Ok(())
    }
}

/// Returns the entries whose lines are as they were written, each case once.
fn whole_entries(logs: &[CaseLog; 3], entries: &[Entry]) -> Result<Vec<Entry>, RunError> {
    let mut is_whole = vec![true; entries.len()];
    for (file, log) in logs.iter().enumerate() {
        let mut reader = log.reader()?;
        for (entry, is_whole) in entries.iter().zip(&mut is_whole) {
            *is_whole = *is_whole && reader.is_whole(entry.spans[file])?;
        }
    }
    let mut seen = BTreeSet::new();
    let whole = entries.iter().zip(is_whole).filter(|&(_, whole)| whole);
    Ok(whole
        .filter(|(entry, _)| seen.insert(&entry.key))
        .map(|(entry, _)| entry.clone())
        .collect())
}

/// Returns the end of a span that has bytes.
fn used_end(span: Span) -> u64 {
    if span.length == 0 { 0 } else { span.end() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::runs::{manifest::tests::manifest, rows::tests::row};
    use std::{fs, path::Path};

    /// A case that was played to its end.
    pub(in crate::runs) fn finished<'a>(
        rows: &'a [Row],
        predictions: &'a [PredictedMask],
    ) -> CaseResult<'a> {
        CaseResult {
            rows,
            predictions,
            failures: &[],
            slices: 1,
            trials: 1,
        }
    }

    const NAMES: [&str; 4] = [
        "rows.csv",
        "predictions.jsonl",
        "failures.csv",
        "journal.log",
    ];

    fn folder(out: &Path) -> RunFolder {
        let manifest = manifest(&[("point", 9)]);
        let folder = RunFolder::create(out, &manifest, false).expect("writable");
        manifest.write(&folder.manifest()).expect("writable");
        folder
    }

    /// Plays the cases, each of a few rows and every fourth a failure, as far as they are missing.
    fn play(results: &mut Results, cases: &[u32]) {
        for case in cases {
            let key = CaseKey {
                dataset: 0,
                case: format!("case {case:02}"),
            };
            if results.finished().any(|known| *known == key) {
                continue;
            }
            let rows: Vec<_> = (1..=*case)
                .map(|prompts| row(&key.case, "point", prompts, 0.5))
                .collect();
            let failure = [Failure {
                dataset: "chest".to_owned(),
                case: key.case.clone(),
                slice: None,
                model: None,
                file: "a, \"b\".png".to_owned(),
                reason: "truncated".to_owned(),
            }];
            let result = CaseResult {
                failures: if case % 4 == 0 { &failure } else { &[] },
                ..finished(&rows, &[])
            };
            results.finish_case(key, &result).expect("writable");
        }
    }

    fn bytes(folder: &RunFolder) -> [Vec<u8>; 4] {
        NAMES.map(|name| fs::read(folder.root().join(name)).expect("it is there"))
    }

    /// What an uninterrupted run of eight cases writes.
    fn expected() -> ([Vec<u8>; 4], Counts) {
        let out = tempfile::tempdir().expect("a temporary folder");
        let folder = folder(out.path());
        let mut results = Results::open(&folder).expect("writable");
        play(&mut results, &[1, 2, 3, 4, 5, 6, 7, 8]);
        let counts = results.counts();
        results.finish().expect("writable");
        (bytes(&folder), counts)
    }

    #[test]
    fn cases_end_in_canonical_order_whatever_the_order_of_arrival() {
        let (expected, counts) = expected();
        assert_eq!(
            (counts.cases, counts.failed, counts.predictions),
            (8, 2, 36)
        );
        for order in [[8, 7, 6, 5, 4, 3, 2, 1], [3, 1, 4, 2, 8, 5, 7, 6]] {
            let out = tempfile::tempdir().expect("a temporary folder");
            let folder = folder(out.path());
            let mut results = Results::open(&folder).expect("writable");
            play(&mut results, &order);
            results.finish().expect("writable");
            assert!(bytes(&folder) == expected, "{order:?}");
            let left = fs::read_dir(folder.root()).expect("readable").count();
            assert_eq!(left, 9, "four files, manifest, lock, three folders");
        }
    }

    #[test]
    fn a_file_cut_anywhere_loses_only_what_is_played_again() {
        let (expected, counts) = expected();
        for name in NAMES {
            for part in 0..40 {
                let out = tempfile::tempdir().expect("a temporary folder");
                let folder = folder(out.path());
                let mut results = Results::open(&folder).expect("writable");
                play(&mut results, &[2, 1, 8, 4, 3]);
                drop(results);
                let path = folder.root().join(name);
                let text = fs::read(&path).expect("readable");
                fs::write(&path, &text[..text.len() * part / 40]).expect("writable");
                let mut results = Results::open(&folder).expect("what is whole is found");
                play(&mut results, &[1, 2, 3, 4, 5, 6, 7, 8]);
                assert_eq!(results.counts(), counts);
                results.finish().expect("writable");
                assert!(bytes(&folder) == expected, "{name} cut at {part}/40");
            }
        }
    }

    #[test]
    fn a_file_changed_anywhere_loses_only_what_is_played_again() {
        let (expected, _) = expected();
        for name in NAMES {
            for part in 0..40 {
                let out = tempfile::tempdir().expect("a temporary folder");
                let folder = folder(out.path());
                let mut results = Results::open(&folder).expect("writable");
                play(&mut results, &[2, 1, 8, 4, 3]);
                drop(results);
                let path = folder.root().join(name);
                let mut text = fs::read(&path).expect("readable");
                let at = text.len() * part / 40;
                if let Some(byte) = text.get_mut(at) {
                    *byte ^= 0x15;
                }
                fs::write(&path, &text).expect("writable");
                let mut results = Results::open(&folder).expect("what is whole is found");
                play(&mut results, &[1, 2, 3, 4, 5, 6, 7, 8]);
                results.finish().expect("writable");
                assert!(bytes(&folder) == expected, "{name} changed at {part}/40");
            }
        }
    }

    #[test]
    fn sorting_can_be_cut_off_at_any_step() {
        let (expected, _) = expected();
        // After as many of the sorted files have taken their places.
        for placed in 0..=3 {
            let out = tempfile::tempdir().expect("a temporary folder");
            let folder = folder(out.path());
            let mut results = Results::open(&folder).expect("writable");
            play(&mut results, &[8, 7, 6, 5, 4, 3, 2, 1]);
            for (name, content) in NAMES.iter().zip(&expected).take(3) {
                let beside = folder.root().join(format!("{name}.sorted"));
                fs::write(beside, content).expect("writable");
            }
            results.journal.append_sorted().expect("writable");
            drop(results);
            for name in &NAMES[..placed] {
                let path = folder.root().join(name);
                fs::rename(path.with_extension(extension(name)), path).expect("writable");
            }
            let results = Results::open(&folder).expect("settled");
            assert_eq!(results.counts().cases, 8);
            results.finish().expect("writable");
            assert!(bytes(&folder) == expected, "{placed} in place");
        }
    }

    fn extension(name: &str) -> String {
        format!("{}.sorted", name.rsplit('.').next().unwrap_or_default())
    }

    #[test]
    fn a_finished_run_has_nothing_left_to_do() {
        let out = tempfile::tempdir().expect("a temporary folder");
        let folder = folder(out.path());
        let mut results = Results::open(&folder).expect("writable");
        play(&mut results, &[3, 1, 2]);
        results.finish().expect("writable");
        let before = bytes(&folder);
        let results = Results::open(&folder).expect("writable");
        assert_eq!(results.finished().count(), 3);
        results.finish().expect("writable");
        assert!(bytes(&folder) == before);
    }
}
