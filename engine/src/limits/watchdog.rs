//! Notices a model that does not come back. See [`Watchdog`].

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use bevy_ecs::prelude::*;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::expired;
use crate::runs::{CaseKey, Failure, Results};

/// A call that takes this many times the time-out of a whole case is taken for one that never ends.
/// One that comes back before costs its case only ([`super::expire_cases`]).
const PATIENCE: u32 = 2;

/// How many times the time-out is looked at while it passes.
const LOOKS: u32 = 8;

/// What is told of the case on which a model hangs, when that is in the journal. It should end the
/// process, since nothing else ends the model's thread: see [`super::leave`].
pub type OnHang = Arc<dyn Fn(&Failure) + Send + Sync>;

/// The call to a model that is in progress, if one is.
#[derive(Resource, Clone, Debug, Default)]
pub struct CallInProgress(Arc<Mutex<Option<Call>>>);

/// A call to a model.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The case it is for.
    pub(super) key: CaseKey,
    /// What is to be said should it never end; without a reason yet.
    pub(super) failure: Failure,
    /// When it began.
    pub(super) start: Instant,
}

impl CallInProgress {
    pub(super) fn begin(&self, call: Call) {
        *lock(&self.0) = Some(call);
    }

    pub(super) fn end(&self) {
        *lock(&self.0) = None;
    }

    /// Returns the call, if it began so long ago.
    fn older_than(&self, age: Duration) -> Option<Call> {
        let call = lock(&self.0).clone();
        call.filter(|call| call.start.elapsed() >= age)
    }
}

/// A thread that looks whether models come back from their calls; it ends when dropped.
///
/// A thread cannot be ended from outside, so a model that never returns holds up the run for ever.
/// Its case is given up in the journal, so that a run that goes on in the same folder plays the
/// others; then [`OnHang`] is called, which is to end the process.
#[derive(Debug)]
pub struct Watchdog {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Starts watching the calls of a run, whose cases have `timeout` each. When one hangs, `stop`
    /// becomes true too, in case the process is not ended.
    pub fn start(
        timeout: Duration,
        call: CallInProgress,
        results: Arc<Mutex<Results>>,
        stop: Arc<AtomicBool>,
        on_hang: OnHang,
    ) -> Self {
        let (end, ended) = bounded(0);
        let thread =
            thread::spawn(move || watch(timeout, &call, &results, &stop, &on_hang, &ended));
        Self {
            end: Some(end),
            thread: Some(thread),
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It has said already why it panicked.
            _ = thread.join();
        }
    }
}

/// Waits for a call that hangs, and sees to it; returns then, or when the watch is over.
fn watch(
    timeout: Duration,
    call: &CallInProgress,
    results: &Mutex<Results>,
    stop: &AtomicBool,
    on_hang: &OnHang,
    ended: &Receiver<()>,
) {
    let age = timeout * PATIENCE;
    while ended.recv_timeout(timeout / LOOKS) == Err(RecvTimeoutError::Timeout) {
        if call.older_than(age).is_none() {
            continue;
        }
        // Once more with the results in hand: nothing is written of the case from here on.
        let mut results = lock(results);
        let Some(Call { key, failure, .. }) = call.older_than(age) else {
            continue;
        };
        let reason = format!(
            "a call to the model has not come back after {} s; {}",
            age.as_secs_f64(),
            expired("playing", timeout)
        );
        let failure = Failure { reason, ..failure };
        if let Err(error) = results.give_up_case(key, &failure) {
            tracing::warn!("the case cannot be noted as failed, so it is tried again: {error}");
        }
        stop.store(true, Ordering::Relaxed);
        on_hang(&failure);
        return;
    }
}

/// Locks, whoever panicked while it was locked: what is behind it is replaced or appended as a whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
