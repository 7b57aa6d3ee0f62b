//! What the benchmarks have in common: processor time, and lines on stdout.

use std::time::Duration;

/// Returns the processor time of this process, or where the system does not tell it (it does on Unix)
/// the time since the first call.
pub(crate) fn processor_time() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let [seconds, nanoseconds] = [time.tv_sec, time.tv_nsec]
            .map(|part| u64::try_from(part).expect("the clock starts at 0"));
        Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
    }
    #[cfg(not(unix))]
    {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed()
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the times are what the program is run for"
)]
pub(crate) fn print(line: &str) {
    println!("{line}");
}
