//! Ctrl-C and termination signals end a run in good order. See [`stop_on_signal`].

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::limits::leave;

/// How long slices in play may take after the first signal: clusters kill ten seconds after theirs.
const DRAIN: Duration = Duration::from_secs(8);

/// What the shell reports for a program ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Returns what becomes true at the first Ctrl-C, termination or hangup; the second ends the program,
/// and so does time.
pub(super) fn stop_on_signal() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            leave(INTERRUPTED);
        }
        tracing::warn!("stopping after the slices in play; once more to stop at once");
        thread::spawn(|| {
            thread::sleep(DRAIN);
            tracing::warn!("the slices in play take too long; finished cases are on disk");
            leave(1);
        });
    };
    if let Err(error) = listen(handler) {
        tracing::warn!("signals end this run at once, losing no finished case: {error}");
    }
    stop
}

/// Calls `handler` at each signal, on a thread of its own.
///
/// A hangup or an interrupt that the parent has ignored stays ignored: that is how `nohup` lets a
/// program outlive its terminal, and how a shell without job control keeps a Ctrl-C meant for
/// another program from those in its background. Termination is always listened to: whoever sends
/// it means this process, and kills it next.
#[cfg(unix)]
fn listen(mut handler: impl FnMut() + Send + 'static) -> io::Result<()> {
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
    };

    let mut wanted = vec![SIGTERM];
    wanted.extend([SIGINT, SIGHUP].into_iter().filter(|&s| !is_ignored(s)));
    let mut signals = Signals::new(wanted)?;
    let named = thread::Builder::new().name("signals".to_owned());
    named.spawn(move || signals.forever().for_each(|_| handler()))?;
    Ok(())
}

/// Says whether a signal means nothing to this process.
#[cfg(unix)]
#[expect(unsafe_code, reason = "no safe interface asks without changing")]
fn is_ignored(signal: i32) -> bool {
    let mut found = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action nothing is changed, and there is room for the old one. All its
    // fields are numbers, or pointers that may be null, so that zeros are a value of it.
    let found = unsafe {
        libc::sigaction(signal, std::ptr::null(), found.as_mut_ptr());
        found.assume_init()
    };
    found.sa_sigaction == libc::SIG_IGN
}

/// Calls `handler` at each Ctrl-C.
#[cfg(not(unix))]
fn listen(handler: impl FnMut() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(handler).map_err(io::Error::other)
}
