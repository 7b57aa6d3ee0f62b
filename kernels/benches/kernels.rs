//! The catalogue, timed: criterion's report per entry, then a table with the shares of the peak
//! that this core was measured to have in the same run.
//!
//! `cargo bench -p kernels [-- FILTER]` times each entry on one thread, in the thread's own
//! processor time where the system tells it (Unix), so that other programs disturb it little.
//! `THREADS=2 cargo bench -p kernels` times it on that many threads, by the clock.

#[path = "../tests/cases/mod.rs"]
mod cases;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use cases::Numbers;
use criterion::{Criterion, Throughput};
use kernels::{Cost, Device, peak};

/// Rounds of the peak loop per sample: about 10 ms on a current core.
const PEAK_ROUNDS: usize = 2_000_000;

/// The best time of an entry, and its work.
struct Row {
    name: String,
    best: Duration,
    cost: Cost,
}

fn main() {
    let threads = std::env::var("THREADS").ok().and_then(|n| n.parse().ok());
    let threads = threads.unwrap_or(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("a pool of threads can be had");
    let device = Device::cpu();
    let mut rows = Vec::new();
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();

    let spin = || peak::multiply_adds(&device, PEAK_ROUNDS);
    let peak = (0..10).map(|_| time(spin, 1)).min().unwrap_or_default();
    let peak = spin() as f64 / peak.as_secs_f64() * threads as f64;

    let mut group = criterion.benchmark_group("kernels");
    for case in cases::all(Numbers::Plain) {
        group.throughput(match case.cost.flops {
            0 => Throughput::Bytes(case.cost.bytes),
            flops => Throughput::Elements(flops),
        });
        let mut best = Duration::MAX;
        group.bench_function(&case.name, |bencher| {
            let run = (case.prepare)(&device);
            let mismatch = case.mismatch(&run());
            assert!(mismatch.is_none(), "not timed, because wrong: {mismatch:?}");
            bencher.iter_custom(|iterations| {
                let times: Vec<_> = pool.install(|| {
                    let times = (0..iterations).map(|_| time(&*run, threads));
                    times.collect()
                });
                best = times.iter().copied().fold(best, Duration::min);
                times.iter().sum()
            });
        });
        if best < Duration::MAX {
            rows.push(Row {
                name: case.name,
                best,
                cost: case.cost,
            });
        }
    }
    group.finish();
    criterion.final_summary();
    print(&device, threads, peak, &rows);
}

/// Returns how long `run` takes.
fn time<T>(run: impl Fn() -> T, threads: usize) -> Duration {
    let own = || (threads == 1).then(processor_time).flatten();
    let (clock, before) = (Instant::now(), own());
    black_box(run());
    match (before, own()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => clock.elapsed(),
    }
}

/// Returns the time that this thread has had a processor, where the system tells it.
fn processor_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let [seconds, nanoseconds] = [time.tv_sec, time.tv_nsec].map(|t| u64::try_from(t).ok());
        Some(Duration::from_secs(seconds?) + Duration::from_nanos(nanoseconds?))
    }
    #[cfg(not(unix))]
    None
}

#[expect(
    clippy::print_stdout,
    reason = "the table is what the program is run for"
)]
fn print(device: &Device, threads: usize, peak: f64, rows: &[Row]) {
    println!(
        "\n{}, {threads} thread(s), peak {:.1} GFLOP/s of multiply-adds on registers\n",
        device.name(),
        peak / 1e9
    );
    println!(
        "{:<44} {:>12} {:>9} {:>8} {:>8}",
        "entry", "best", "GFLOP/s", "of peak", "GB/s"
    );
    for row in rows {
        let seconds = row.best.as_secs_f64();
        println!(
            "{:<44} {:>9.1} us {:>9.1} {:>7.1}% {:>8.1}",
            row.name,
            seconds * 1e6,
            row.cost.flops as f64 / seconds / 1e9,
            row.cost.flops as f64 / seconds / peak * 100.0,
            row.cost.bytes as f64 / seconds / 1e9,
        );
    }
}
