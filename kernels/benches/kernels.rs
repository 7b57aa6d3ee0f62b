//! The catalogue, timed: criterion's report per entry, then a table with the shares of the peaks
//! that the device was measured to have in the same run.
//!
//! `cargo bench -p kernels [-- FILTER]` times each entry on one thread, in the thread's own
//! processor time where the system tells it (Unix), so that other programs disturb it little.
//! `THREADS=2 cargo bench -p kernels` times it on that many threads, by the clock.
//!
//! `DEVICE=wgpu cargo bench -p kernels --features wgpu` (or `vulkan`, `cuda`) times it on a
//! graphics device, by the device's clock; `PRECISION=f16` or `bf16` in that precision.
//! `ROWS=FILE` also writes the table as JSON lines, for `pytorch.py`.

#[path = "../tests/cases/mod.rs"]
mod cases;

use std::{
    fmt::Write,
    hint::black_box,
    time::{Duration, Instant},
};

use cases::{Numbers, Run, Setting};
use criterion::{Criterion, Throughput};
use kernels::{
    Cost, Device, Precision,
    peak::{self, Peak},
    timer,
};

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
    let device = device();
    let on_cpu = device.facts().shared_memory == 0;
    let mut rows = Vec::new();
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();

    let mut peak = pool
        .install(|| peak::measure(&device))
        .expect("the device works");
    if on_cpu {
        // In the same time as the entries'.
        let spin = || peak::multiply_adds(&device, PEAK_ROUNDS);
        let best = (0..10).map(|_| time(spin, 1)).min().unwrap_or_default();
        peak.flops_per_second = spin() as f64 / best.as_secs_f64() * threads as f64;
    }

    let setting = Setting {
        numbers: Numbers::Plain,
        precision: device.precision(),
        most: u64::MAX,
    };
    let mut group = criterion.benchmark_group("kernels");
    for case in cases::all(setting) {
        group.throughput(match case.cost.flops {
            0 => Throughput::Bytes(case.cost.bytes),
            flops => Throughput::Elements(flops),
        });
        let mut best = Duration::MAX;
        group.bench_function(&case.name, |bencher| {
            let run = (case.prepare)(&device);
            let mismatch = case.mismatch(&(case.expect)(), &run());
            assert!(mismatch.is_none(), "not timed, because wrong: {mismatch:?}");
            bencher.iter_custom(|iterations| {
                let times: Vec<_> = pool.install(|| {
                    let once = |_| {
                        if on_cpu {
                            time(&*run, threads)
                        } else {
                            time_kernels(&device, &run)
                        }
                    };
                    (0..iterations).map(once).collect()
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
    if let Some(path) = std::env::var_os("ROWS") {
        std::fs::write(path, json_lines(&device, &rows)).expect("ROWS names a file to write");
    }
}

/// Returns the device that `DEVICE` names, in the precision that `PRECISION` does.
fn device() -> Device {
    let device = match std::env::var("DEVICE").as_deref() {
        Err(_) | Ok("cpu") => Device::cpu(),
        #[cfg(feature = "wgpu")]
        Ok("wgpu") => Device::wgpu().expect("DEVICE=wgpu"),
        #[cfg(feature = "cuda")]
        Ok("cuda") => Device::cuda().expect("DEVICE=cuda"),
        Ok(other) => panic!("DEVICE={other} is none that this was built with"),
    };
    let wanted = std::env::var("PRECISION").unwrap_or_else(|_| "f32".into());
    let precision = Precision::ALL.into_iter().find(|p| p.name() == wanted);
    let precision = precision.expect("PRECISION is f32, f16 or bf16");
    device.with_precision(precision).expect("PRECISION")
}

/// Returns how long the kernels of `run` take by the device's clock.
fn time_kernels(device: &Device, run: &Run) -> Duration {
    let (result, launches) = timer::record(device, run).expect("the device works");
    black_box(result);
    launches.iter().map(|launch| launch.elapsed).sum()
}

/// Returns a line of JSON per row.
fn json_lines(device: &Device, rows: &[Row]) -> String {
    let precision = device.precision().name();
    rows.iter().fold(String::new(), |mut text, row| {
        let seconds = row.best.as_secs_f64();
        let Row { name, cost, .. } = row;
        writeln!(
            text,
            r#"{{"entry":"{name}","precision":"{precision}","seconds":{seconds:e},"flops":{}}}"#,
            cost.flops
        )
        .expect("a string takes all");
        text
    })
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
fn print(device: &Device, threads: usize, peak: Peak, rows: &[Row]) {
    println!(
        "\n{}, {threads} thread(s), peaks {:.1} GFLOP/s of multiply-adds on registers, {:.1} GB/s of a copy\n",
        device.name(),
        peak.flops_per_second / 1e9,
        peak.bytes_per_second / 1e9,
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
            peak.share(row.cost, row.best) * 100.0,
            row.cost.bytes as f64 / seconds / 1e9,
        );
    }
}
