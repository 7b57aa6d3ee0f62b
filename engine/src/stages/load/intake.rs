//! Reader threads in front of the world. See [`Intake`].

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use bevy_ecs::prelude::*;
use crossbeam::channel::{Receiver, Sender, bounded};

use crate::datasets::{CaseSource, Dataset, SliceData};

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
#[derive(Resource)]
pub struct Intake {
    readers: Vec<Receiver<Loaded>>,
    next_case: usize,
    cases: usize,
}

impl Intake {
    /// Starts `readers` threads on every case of `datasets`.
    pub fn start(datasets: &Arc<[Box<dyn Dataset>]>, readers: usize) -> Self {
        let cases: Vec<(usize, usize)> = datasets
            .iter()
            .enumerate()
            .flat_map(|(dataset, source)| {
                (0..source.cases().len()).map(move |case| (dataset, case))
            })
            .collect();
        let count = cases.len();
        let readers = readers.clamp(1, count.max(1));
        let channels = (0..readers)
            .map(|reader| {
                let (sender, receiver) = bounded(READ_AHEAD);
                let datasets = Arc::clone(datasets);
                let mine: Vec<_> = cases
                    .iter()
                    .copied()
                    .skip(reader)
                    .step_by(readers)
                    .collect();
                thread::spawn(move || {
                    for (dataset, case) in mine {
                        if read_case(&datasets, dataset, case, &sender).is_break() {
                            return;
                        }
                    }
                });
                receiver
            })
            .collect();
        Self {
            readers: channels,
            next_case: 0,
            cases: count,
        }
    }

    /// Says whether every case has been handed over.
    pub fn is_done(&self) -> bool {
        self.next_case == self.cases
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
        let reader = &self.readers[self.next_case % self.readers.len()];
        let loaded = reader
            .recv()
            .expect("a reader sends Complete for each of its cases before it ends");
        if matches!(loaded, Loaded::Complete) {
            self.next_case += 1;
        }
        Some(loaded)
    }
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
    let source = datasets[dataset].cases()[case].clone();
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
