//! What a run writes while it runs. See [`Results`].

use std::time::{Duration, Instant};

use fixedbitset::FixedBitSet;

use super::{
    CaseKey, Counts, Failure, PredictedMask, Row, RunError, RunFolder,
    journal::{self, Entry, Journal},
    json_lines::json_lines,
    log::{CaseLog, Span},
    rows::csv_lines,
    sorted::{self, Files},
    sorter::Sorted,
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
///
/// Of finished cases nothing stays in memory: what is to be known of them is read from the journal.
#[derive(Debug)]
pub struct Results {
    files: Files,
    logs: [CaseLog; 3],
    journal: Journal,
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
        sorted::settle(&files)?;
        let mut logs = files.open_logs()?;
        let damaged = journal::read(&files.journal)?
            .filter(|record| matches!(record, Ok(None)))
            .count();
        let entries = files.sort_journal()?;
        let whole = find_whole(&logs, &entries)?;
        let dropped = entries.len() - whole.are.count_ones(..) + damaged;
        if dropped > 0 {
            Journal::replace(&files.journal, whole.of(entries.merge()?))?;
        }
        for (log, end) in logs.iter_mut().zip(whole.ends) {
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
        Ok(Self {
            journal: Journal::open(files.journal.clone())?,
            files,
            logs,
            counts: whole.counts,
            given_up: None,
            synced: Instant::now(),
            sync_cost: Duration::ZERO,
        })
    }

    /// Reads which cases are finished.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn finished(
        &self,
    ) -> Result<impl Iterator<Item = Result<CaseKey, RunError>> + use<>, RunError> {
        Ok(self.entries()?.map(|entry| Ok(entry?.key)))
    }

    /// Reads what is finished.
    pub(super) fn entries(
        &self,
    ) -> Result<impl Iterator<Item = Result<Entry, RunError>> + use<>, RunError> {
        journal::read_entries(&self.files.journal)
    }

    /// Returns how much the finished cases are.
    pub fn counts(&self) -> Counts {
        self.counts
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
        self.journal.append(Entry { key, spans, counts })?;
        self.counts += counts;
        if self.synced.elapsed() >= self.sync_cost * SYNC_SHARE {
            self.sync()?;
        }
        Ok(())
    }

    /// Puts the files into canonical order. To be called also when the run is interrupted.
    pub fn finish(mut self) -> Result<(), RunError> {
        self.sync()?;
        let ends = self.logs.each_ref().map(CaseLog::end);
        if self.files.are_sorted(ends)? {
            return Ok(());
        }
        let readers: Result<Vec<_>, _> = self.logs.iter().map(CaseLog::reader).collect();
        let mut readers = readers?;
        let entries = self.files.sort_journal()?;
        sorted::write(&self.files, &entries, |file, entry, target| {
            readers[file].copy(entry.spans[file], target)
        })?;
        self.journal.append_sorted()?;
        sorted::settle(&self.files)
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

/// Which entries' lines are as they were written.
struct Whole {
    /// One bit per entry, in their order.
    are: FixedBitSet,
    /// How much they are together.
    counts: Counts,
    /// Where the last of their lines end.
    ends: [u64; 3],
}

/// Looks for the entries whose lines are as they were written, each case once.
fn find_whole(logs: &[CaseLog; 3], entries: &Sorted<Entry>) -> Result<Whole, RunError> {
    let mut whole = Whole {
        are: FixedBitSet::with_capacity(entries.len()),
        counts: Counts::default(),
        ends: [0; 3],
    };
    let readers: Result<Vec<_>, _> = logs.iter().map(CaseLog::reader).collect();
    let mut readers = readers?;
    let mut last = None;
    'entries: for (number, entry) in entries.merge()?.enumerate() {
        let entry = entry?;
        if last.as_ref() == Some(&entry.key) {
            continue;
        }
        for (reader, &span) in readers.iter_mut().zip(&entry.spans) {
            if !reader.is_whole(span)? {
                continue 'entries;
            }
        }
        whole.are.insert(number);
        whole.counts += entry.counts;
        for (end, span) in whole.ends.iter_mut().zip(entry.spans) {
            *end = used_end(span).max(*end);
        }
        last = Some(entry.key);
    }
    Ok(whole)
}

impl Whole {
    /// Leaves those that are whole; an error comes where it arose.
    fn of(
        &self,
        entries: impl Iterator<Item = Result<Entry, RunError>>,
    ) -> impl Iterator<Item = Result<Entry, RunError>> {
        let numbered = entries.enumerate();
        let whole = numbered.filter(|(number, entry)| entry.is_err() || self.are.contains(*number));
        whole.map(|(_, entry)| entry)
    }
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

    fn finished_cases(results: &Results) -> Vec<CaseKey> {
        let finished: Result<_, _> = results.finished().expect("readable").collect();
        finished.expect("readable")
    }

    /// Plays the cases, each of a few rows and every fourth a failure, as far as they are missing.
    fn play(results: &mut Results, cases: &[u32]) {
        for case in cases {
            let key = CaseKey {
                dataset: 0,
                case: format!("case {case:02}"),
            };
            if finished_cases(results).contains(&key) {
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
        assert_eq!(finished_cases(&results).len(), 3);
        results.finish().expect("writable");
        assert!(bytes(&folder) == before);
    }
}
