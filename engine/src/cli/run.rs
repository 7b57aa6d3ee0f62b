//! `engine run`: plays a scenario into its run folder.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use kernels::Device;
use miette::IntoDiagnostic as _;

use super::{
    Outcome,
    bytes::Bytes,
    device::{Choice, failure},
    interrupt::stop_on_signal,
    models, output,
    prepare::{Prepared, prepare},
    progress::{Bar, Unit},
};
use crate::{
    cache::{Cached, EmbeddingCache},
    diagnostics::{Watch, peak_memory},
    limits::{HANGING, Limits, leave},
    pipeline::Stage,
    report::{self, Collection},
    runs::{Failure, LoadedModel, Order, Report, RunFolder, Shard, State, execute, table},
    weights::{self, Entry, Store},
};

/// How wide tables are: the same on every terminal, so that they can be compared.
const TABLE_WIDTH: usize = 100;

/// Play a scenario into its run folder
///
/// Writes rows, predictions, a summary, overlays and a manifest to OUT/NAME/, where NAME is the
/// scenario's, and prints a table. Gets models that are not here yet. A run that was cut off, by
/// whatever, goes on where it ended when it is started again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine run scenarios/multi_region.ron
  engine run study.ron --out /data/runs --threads 8
  engine run study.ron --shard 7/200

Ctrl-C or SIGTERM once: finish the slices in play, for at most 8 seconds, and exit 1. Twice: stop at
once. Finished cases are on disk in any case; run it again to go on.")]
pub(super) struct Arguments {
    /// The scenario file
    scenario: PathBuf,

    /// Folder in which run folders are made
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,

    /// Threads that compute [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// Play only the cases of one of N parts, as 7/200; `engine merge` puts the parts together
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,

    /// Start anew: replace what the run folder holds
    #[arg(long)]
    fresh: bool,

    /// Also time every operation, which slows the run down, and write timings.csv
    #[arg(long)]
    profile: bool,

    /// Download nothing: a model that is not here is an error
    #[arg(long)]
    offline: bool,

    /// Give up a case that takes longer, to be read or to be played, and note it in failures.csv; if
    /// the model has not come back after twice the time, also exit 3
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    case_timeout: Option<u64>,

    /// Main memory to get by with, as 8GB: fewer trials play at once, and a run that needs more
    /// nevertheless stops before it is killed
    #[arg(long, value_name = "SIZE")]
    max_memory: Option<Bytes>,

    /// Keep embeddings in this folder, and take from it those of an earlier run
    #[arg(long, value_name = "DIR", env = "ENGINE_CACHE", hide_env_values = true)]
    cache: Option<PathBuf>,

    /// How large that folder may grow, as 500MB or 20GB; what was used least recently makes way
    #[arg(long, value_name = "SIZE", default_value = "20GB")]
    cache_size: Bytes,

    #[command(flatten)]
    choice: Choice,

    #[command(flatten)]
    folder: models::Folder,
}

pub(super) fn run(arguments: &Arguments) -> miette::Result<Outcome> {
    let prepared = prepare(&arguments.scenario)?;
    let watch = if arguments.profile {
        Watch::Operations
    } else {
        Watch::Stages
    };
    let report = play_watched(arguments, watch, prepared)?;
    tabulate(&report)?;
    let outcome = conclude(&report);
    match report.outcome.failure {
        Some(error) => Err(failure(error, arguments.choice.device)),
        None => Ok(outcome),
    }
}

/// Makes figures and page. The run is whole without them, so that a failure only warns.
fn page(report: &Report) -> Option<PathBuf> {
    // A shard has none.
    report.digest.as_ref()?;
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

/// Prints a table per metric; a shard has none.
pub(super) fn tabulate(report: &Report) -> miette::Result<()> {
    let Some(digest) = &report.digest else {
        return Ok(());
    };
    let tables = report
        .metrics
        .iter()
        .map(|&metric| table(&digest.summary, metric, TABLE_WIDTH));
    output::print(&tables.collect::<Vec<_>>().join("\n"))
}

impl Arguments {
    /// Returns what plays a scenario into a folder of `out` with nothing special.
    pub(super) fn plain(
        out: &Path,
        choice: Choice,
        threads: Option<u16>,
        offline: bool,
        folder: models::Folder,
    ) -> Self {
        Self {
            scenario: PathBuf::new(),
            out: out.to_owned(),
            threads,
            choice,
            shard: None,
            fresh: false,
            profile: false,
            offline,
            case_timeout: None,
            max_memory: None,
            cache: None,
            cache_size: Bytes(0),
            folder,
        }
    }
}

/// Builds the models and plays, on as many threads as the user wants.
pub(super) fn play_watched(
    arguments: &Arguments,
    watch: Watch,
    prepared: Prepared,
) -> miette::Result<Report> {
    let threads = arguments.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.into_diagnostic()?
        .install(|| play(arguments, watch, prepared))
}

fn play(arguments: &Arguments, watch: Watch, prepared: Prepared) -> miette::Result<Report> {
    let device = arguments.choice.open()?;
    let store = arguments.folder.store();
    let cache = match &arguments.cache {
        Some(folder) => Some(Arc::new(
            EmbeddingCache::open(folder, arguments.cache_size.0).into_diagnostic()?,
        )),
        None => None,
    };
    let models = prepared
        .models
        .iter()
        .map(|entry| load(entry, &store, &device, arguments.offline))
        .map(|loaded| Ok(remember(loaded?, &device, cache.as_ref())))
        .collect::<miette::Result<Vec<_>>>()?;
    let cases: usize = prepared.datasets.iter().map(|set| set.case_count()).sum();
    let bar = Bar::new(Unit::Cases, cases as u64, "playing");
    let order = Order {
        file: &prepared.file,
        datasets: prepared.datasets,
        models,
        recordings: prepared.recordings,
        device,
        out: &arguments.out,
        shard: arguments.shard,
        fresh: arguments.fresh,
        limits: Limits {
            case_timeout: arguments.case_timeout.map(Duration::from_secs),
            max_memory: arguments.max_memory.map(|bytes| bytes.0),
        },
        watch,
        stop: stop_on_signal(),
        on_hang: Arc::new(leave_hanging),
    };
    let report = execute(order, |counts, cases| {
        bar.set(counts.cases as u64, cases as u64);
    });
    if let Some(cache) = cache {
        let (hits, misses) = cache.hits_and_misses();
        tracing::info!("{hits} of {} embeddings were in the cache", hits + misses);
    }
    report.into_diagnostic()
}

/// Puts the cache, if there is one, before a model with weights.
fn remember(
    loaded: LoadedModel,
    device: &Device,
    cache: Option<&Arc<EmbeddingCache>>,
) -> LoadedModel {
    let (Some(cache), Some(located)) = (cache, &loaded.located) else {
        return loaded;
    };
    let weights = located.sha256.to_string();
    let LoadedModel { model, located } = loaded;
    let model = Cached::new(model, &weights, &device.name(), Arc::clone(cache));
    LoadedModel {
        model: Box::new(model),
        located,
    }
}

/// Builds a model; gets its file first, if it is not here or not whole.
fn load(
    entry: &Entry,
    store: &Store,
    device: &Device,
    offline: bool,
) -> miette::Result<LoadedModel> {
    let is_there = matches!(
        store.state(entry),
        weights::State::Installed { .. } | weights::State::Unneeded
    );
    if !is_there && !offline {
        models::pull(store, entry).into_diagnostic()?;
    }
    if entry.is_formula() {
        tracing::warn!(
            "{} has no trained weights: what it answers is no result",
            entry.name
        );
    }
    LoadedModel::open(entry, store, device).into_diagnostic()
}

/// Says what hangs, and ends the process: its thread cannot be ended alone.
fn leave_hanging(failure: &Failure) {
    tracing::error!(
        "{}, slice {}: {}",
        failure.file,
        failure.slice.unwrap_or(0),
        failure.reason
    );
    tracing::error!("stopping; run it again to go on with the other cases");
    leave(HANGING);
}

/// Makes the page, and says on stderr what was done and where it lies.
pub(super) fn conclude(report: &Report) -> Outcome {
    let page = page(report);
    let counts = report.outcome.counts;
    let folder = report.folder.display();
    tracing::info!(
        "{} predictions of {} trials on {} slices in {folder}",
        counts.predictions,
        counts.trials,
        counts.slices,
    );
    let played = report.outcome.slices;
    let encode = report.outcome.timings.of(Stage::Encode);
    let memory = peak_memory().map_or(String::new(), |bytes| {
        format!("; {:.2} GB of memory at the peak", bytes as f64 / 1e9)
    });
    if played > 0 {
        tracing::info!(
            "{:.1} s a slice, {:.1} s an encoding{memory}",
            report.elapsed.as_secs_f64() / played as f64,
            encode.total.as_secs_f64() / encode.count.max(1) as f64,
        );
    }
    if let Some(page) = page {
        tracing::info!("look at {}", page.display());
    }
    if counts.failed > 0 {
        tracing::warn!("{} cases failed: see {folder}/failures.csv", counts.failed);
    }
    if report.outcome.state == State::Interrupted {
        tracing::warn!("stopped before the end; what is there is whole; run it again to go on");
    }
    if counts.failed > 0 || report.outcome.state == State::Interrupted {
        Outcome::Partial
    } else {
        Outcome::Complete
    }
}
