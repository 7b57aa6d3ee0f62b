//! Reader threads in front of the world. See [`Intake`].

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use bevy_ecs::prelude::*;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::{
    agenda::Agenda,
    datasets::{CaseSource, Dataset, SliceData},
    limits::expired,
};

/// How many items each reader may have ready before it waits.
const READ_AHEAD: usize = 2;

/// What a reader hands over, in this order for each case.
#[derive(Debug)]
pub enum Loaded {
    /// A case begins.
    Case {
        /// Index into the run's datasets.
        dataset: usize,
        /// Which case.
        source: CaseSource,
    },
    /// A slice of it.
    Slice(SliceData),
    /// It could not be read to its end, and why.
    Failed(String),
    /// No more of it comes.
    Complete,
}

/// The cases still to come, read ahead by threads.
///
/// Case `i` is read by thread `i mod n` and taken in the order of `i`, so the order is the same
/// whatever the number of threads. Dropping the intake ends the readers.
///
/// A case whose reader gives nothing for too long is failed, and its reader left to itself: another
/// goes on with the cases that were to follow.
#[derive(Resource)]
pub struct Intake {
    datasets: Arc<[Box<dyn Dataset>]>,
    cases: Arc<Agenda>,
    /// How many these are.
    count: usize,
    readers: Vec<Receiver<Loaded>>,
    next_case: usize,
    timeout: Option<Duration>,
    /// The case in turn was given up; it remains to be said that no more of it comes.
    is_given_up: bool,
}

impl Intake {
    /// Starts `readers` threads on `cases`. `timeout` bounds the wait for each item.
    pub fn start(
        datasets: &Arc<[Box<dyn Dataset>]>,
        cases: Agenda,
        readers: usize,
        timeout: Option<Duration>,
    ) -> Self {
        let count = cases.len();
        let cases = Arc::new(cases);
        let readers = readers.clamp(1, count.max(1));
        let channels = (0..readers)
            .map(|first| read(datasets, &cases, first, readers))
            .collect();
        Self {
            datasets: Arc::clone(datasets),
            cases,
            count,
            readers: channels,
            next_case: 0,
            timeout,
            is_given_up: false,
        }
    }

    /// Says whether every case has been handed over.
    pub fn is_done(&self) -> bool {
        self.next_case == self.count
    }

    /// Returns how many cases have been handed over whole.
    pub fn cases_read(&self) -> usize {
        self.next_case
    }

    /// Waits for the next item; `None` when every case has been handed over.
    pub fn receive(&mut self) -> Option<Loaded> {
        if self.is_done() {
            return None;
        }
        let loaded = if std::mem::take(&mut self.is_given_up) {
            Loaded::Complete
        } else {
            self.wait().unwrap_or_else(|limit| self.give_up(limit))
        };
        if matches!(loaded, Loaded::Complete) {
            self.next_case += 1;
        }
        Some(loaded)
    }

    /// Waits for an item of the case in turn; the error is the time that was too short for it.
    fn wait(&self) -> Result<Loaded, Duration> {
        let reader = &self.readers[self.next_case % self.readers.len()];
        let received = match self.timeout {
            None => reader.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(limit) => reader.recv_timeout(limit),
        };
        match (received, self.timeout) {
            (Err(RecvTimeoutError::Timeout), Some(limit)) => Err(limit),
            (received, _) => {
                Ok(received.expect("a reader sends Complete for each of its cases before it ends"))
            }
        }
    }

    /// Leaves the reader of the case in turn to itself, and has another read what follows.
    fn give_up(&mut self, limit: Duration) -> Loaded {
        let readers = self.readers.len();
        let next = self.next_case + readers;
        self.readers[self.next_case % readers] = read(&self.datasets, &self.cases, next, readers);
        self.is_given_up = true;
        let case = self.cases.iter().nth(self.next_case);
        let (dataset, case) = case.expect("a case is in turn");
        let path = self.datasets[dataset].case(case).path;
        Loaded::Failed(format!("{}: {}", path.display(), expired("reading", limit)))
    }
}

/// Starts a thread that reads every `step`th of the cases from `first` on.
fn read(
    datasets: &Arc<[Box<dyn Dataset>]>,
    cases: &Arc<Agenda>,
    first: usize,
    step: usize,
) -> Receiver<Loaded> {
    let (sender, receiver) = bounded(READ_AHEAD);
    let datasets = Arc::clone(datasets);
    let cases = Arc::clone(cases);
    thread::spawn(move || {
        for (dataset, case) in cases.iter().skip(first).step_by(step) {
            if read_case(&datasets, dataset, case, &sender).is_break() {
                return;
            }
        }
    });
    receiver
}

/// Reads one case into the channel; breaks when nobody listens any more.
fn read_case(
    datasets: &[Box<dyn Dataset>],
    dataset: usize,
    case: usize,
    sender: &Sender<Loaded>,
) -> ControlFlow<()> {
    let send = |loaded| match sender.send(loaded) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let source = datasets[dataset].case(case);
    send(Loaded::Case { dataset, source })?;
    // A decoder that panics on a hostile file must cost one case, not the run.
    let read = catch_unwind(AssertUnwindSafe(|| {
        datasets[dataset].read(case, &mut |slice| send(Loaded::Slice(slice)))
    }));
    match read {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => send(Loaded::Failed(error.to_string()))?,
        Err(_) => send(Loaded::Failed(
            "the reader of this file format panicked; please report the file".into(),
        ))?,
    }
    send(Loaded::Complete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::{DatasetError, SliceCount};

    /// Cases of which the third is never read to its end.
    struct Stuck(Vec<CaseSource>);

    impl Dataset for Stuck {
        fn name(&self) -> &'static str {
            "stuck"
        }

        fn objects(&self) -> &[String] {
            &[]
        }

        fn case_count(&self) -> usize {
            self.0.len()
        }

        fn case(&self, case: usize) -> CaseSource {
            self.0[case].clone()
        }

        fn read(
            &self,
            case: usize,
            _sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
        ) -> Result<SliceCount, DatasetError> {
            if case == 2 {
                loop {
                    thread::park();
                }
            }
            Ok(SliceCount::default())
        }
    }

    #[test]
    fn a_case_that_is_never_read_is_failed_and_the_others_go_on() {
        let source = |id: usize| CaseSource {
            id: id.to_string(),
            path: format!("{id}.png").into(),
        };
        let stuck: Box<dyn Dataset> = Box::new(Stuck((0..7).map(source).collect()));
        let datasets: Arc<[_]> = vec![stuck].into();
        let cases = Agenda::new(&datasets, None);
        let mut intake = Intake::start(&datasets, cases, 2, Some(Duration::from_millis(300)));
        let mut heard = Vec::new();
        while let Some(loaded) = intake.receive() {
            heard.push(match loaded {
                Loaded::Case { source, .. } => source.id,
                Loaded::Slice(_) => "slice".to_owned(),
                Loaded::Failed(reason) => reason,
                Loaded::Complete => ".".to_owned(),
            });
        }
        let failed = "2 2.png: reading it took longer than 0.3 s; allow more with --case-timeout";
        let expected = format!("0 . 1 . {failed} . 3 . 4 . 5 . 6 .");
        assert_eq!(heard.join(" "), expected);
        assert!(intake.is_done());
    }
}
