//! `engine run`: plays a scenario into its run folder.

use std::{
    path::PathBuf,
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Args, ValueEnum};
use kernels::Device;
use miette::IntoDiagnostic as _;

use super::{
    Outcome, models, output,
    prepare::{Prepared, prepare},
    progress::{Bar, Unit},
};
use crate::{
    diagnostics::peak_memory,
    pipeline::Stage,
    report::{self, Collection},
    runs::{LoadedModel, Order, Report, RunFolder, State, execute, table},
    weights::{self, Entry, Store},
};

/// How wide tables are: the same on every terminal, so that they can be compared.
const TABLE_WIDTH: usize = 100;

/// What the shell reports for a program ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Play a scenario into its run folder
///
/// Writes rows, predictions, a summary, overlays and a manifest to OUT/NAME/, where NAME is the
/// scenario's, and prints a table. Gets models that are not here yet.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine run scenarios/multi_region.ron
  engine run study.ron --out /data/runs --threads 8

Ctrl-C once: finish the slices in play, write what is done, exit 1. Twice: stop at once; finished
cases are on disk.")]
pub(super) struct Arguments {
    /// The scenario file
    scenario: PathBuf,

    /// Folder in which run folders are made
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,

    /// Threads that compute [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// What computes
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,

    /// Replace the results of another scenario of the same name
    #[arg(long)]
    fresh: bool,

    /// Download nothing: a model that is not here is an error
    #[arg(long)]
    offline: bool,

    #[command(flatten)]
    folder: models::Folder,
}

/// A kind of device.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum DeviceName {
    /// This machine's processor
    Cpu,
}

pub(super) fn run(arguments: &Arguments) -> miette::Result<Outcome> {
    let prepared = prepare(&arguments.scenario)?;
    let metrics = prepared.file.scenario.metrics.clone();
    let threads = arguments.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let report = pool
        .into_diagnostic()?
        .install(|| play(arguments, prepared))?;
    let page = page(&report);
    let tables = metrics
        .iter()
        .map(|&metric| table(&report.digest.summary, metric, TABLE_WIDTH));
    output::print(&tables.collect::<Vec<_>>().join("\n"))?;
    Ok(conclude(&report, page))
}

/// Makes figures and page. The run is whole without them, so that a failure only warns.
fn page(report: &Report) -> Option<PathBuf> {
    let folder = RunFolder::open(&report.folder);
    let written = Collection::read(std::slice::from_ref(&report.folder))
        .and_then(|collection| report::write(&collection, &folder));
    match written {
        Ok(written) => Some(written.page),
        Err(error) => {
            tracing::warn!(
                "no page: {error}; try `engine report {}`",
                report.folder.display()
            );
            None
        }
    }
}

/// Builds the models and plays.
fn play(arguments: &Arguments, prepared: Prepared) -> miette::Result<Report> {
    let device = match arguments.device {
        DeviceName::Cpu => Device::cpu(),
    };
    let store = arguments.folder.store();
    let models = prepared
        .models
        .iter()
        .map(|entry| load(entry, &store, &device, arguments.offline))
        .collect::<miette::Result<Vec<_>>>()?;
    let cases: usize = prepared.datasets.iter().map(|set| set.cases().len()).sum();
    let bar = Bar::new(Unit::Cases, cases as u64, "playing");
    let order = Order {
        file: &prepared.file,
        datasets: prepared.datasets,
        models,
        device: device.name(),
        out: &arguments.out,
        fresh: arguments.fresh,
        stop: stop_on_interrupt(),
    };
    execute(order, |counts, cases| {
        bar.set(counts.cases as u64, cases as u64);
    })
    .into_diagnostic()
}

/// Builds a model; gets its file first, if it is not here or not whole.
fn load(
    entry: &Entry,
    store: &Store,
    device: &Device,
    offline: bool,
) -> miette::Result<LoadedModel> {
    let is_installed = matches!(store.state(entry), weights::State::Installed { .. });
    if !is_installed && !offline {
        models::pull(store, entry).into_diagnostic()?;
    }
    LoadedModel::open(entry, store, device).into_diagnostic()
}

/// Returns what becomes true at the first Ctrl-C (or termination signal); the second ends the program.
fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            #[expect(
                clippy::exit,
                reason = "the user asked twice; finished cases are on disk"
            )]
            process::exit(INTERRUPTED);
        }
        tracing::warn!("stopping after the slices in play; once more to stop at once");
    };
    // Where the parent wants a signal ignored (nohup), it is.
    if let Err(error) = ctrlc::try_set_handler(handler) {
        tracing::debug!("signals keep their meaning: {error}");
    }
    stop
}

/// Says on stderr what was done and where it lies.
fn conclude(report: &Report, page: Option<PathBuf>) -> Outcome {
    let counts = report.outcome.counts;
    let folder = report.folder.display();
    tracing::info!(
        "{} predictions of {} trials on {} slices in {folder}",
        counts.predictions,
        counts.trials,
        counts.slices,
    );
    let encode = report.outcome.timings.of(Stage::Encode);
    let memory = peak_memory().map_or(String::new(), |bytes| {
        format!("; {:.2} GB of memory at the peak", bytes as f64 / 1e9)
    });
    tracing::info!(
        "{:.1} s a slice, {:.1} s an encoding{memory}",
        report.elapsed.as_secs_f64() / counts.slices.max(1) as f64,
        encode.total.as_secs_f64() / encode.count.max(1) as f64,
    );
    if let Some(page) = page {
        tracing::info!("look at {}", page.display());
    }
    if counts.failed > 0 {
        tracing::warn!("{} cases failed: see {folder}/failures.csv", counts.failed);
    }
    if report.outcome.state == State::Interrupted {
        tracing::warn!("stopped before the end; what is there is whole");
    }
    if counts.failed > 0 || report.outcome.state == State::Interrupted {
        Outcome::Partial
    } else {
        Outcome::Complete
    }
}
