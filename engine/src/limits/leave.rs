//! The end of the process from any thread, whatever the others do. See [`leave`].

/// What a process ends with that gave up a case because a model did not come back.
pub const HANGING: i32 = 3;

/// Ends the process at once. Nothing is flushed or freed, and nothing is waited for: another thread
/// may be stuck for ever, perhaps in a device's driver, whose own clean-up would wait for it.
pub fn leave(code: i32) -> ! {
    #[cfg(unix)]
    signal_hook::low_level::exit(code);
    #[cfg(not(unix))]
    #[expect(clippy::exit, reason = "this is what the function is for")]
    std::process::exit(code);
}
