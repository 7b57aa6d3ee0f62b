//! The pipeline with a model that is simple enough to reason about.

mod device;
mod disc;
mod faults;
mod kill;
mod limits;
mod lost;
mod masks;
mod memory;
mod play;
mod replay;
mod report;
mod resume;
mod shards;
mod state;
mod steady;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use engine::{
    diagnostics::Watch,
    limits::Limits,
    models::Model,
    runs::{LoadedModel, Order, Report, RunError, Shard, execute, recordings},
    scenario::ScenarioFile,
};
use kernels::Device;

/// Plays a scenario's text with the disc model into `out`, and stops after `batches`.
fn play(text: &str, out: &Path, batches: usize) -> Report {
    play_with(text, out, batches, false, None).expect("the folder is writable and its own")
}

/// As [`play`]; `fresh` replaces what is there, a `shard` is played alone.
fn play_with(
    text: &str,
    out: &Path,
    batches: usize,
    fresh: bool,
    shard: Option<Shard>,
) -> Result<Report, RunError> {
    execute_models(
        Device::cpu(),
        text,
        vec![Box::new(disc::Disc)],
        out,
        batches,
        (fresh, shard),
        Limits::default(),
    )
}

/// Plays a scenario's text with these models in place of those it names.
fn play_models(text: &str, models: Vec<Box<dyn Model>>, out: &Path, batches: usize) -> Report {
    let device = Device::cpu();
    let rules = (false, None);
    execute_models(device, text, models, out, batches, rules, Limits::default())
        .expect("the folder is writable")
}

/// Plays all of a scenario's text with these models, distances measured on `device`.
fn play_on(device: Device, text: &str, models: Vec<Box<dyn Model>>, out: &Path) -> Report {
    let (all, rules) = (usize::MAX, (false, None));
    execute_models(device, text, models, out, all, rules, Limits::default())
        .expect("the folder is writable")
}

fn execute_models(
    device: Device,
    text: &str,
    models: Vec<Box<dyn Model>>,
    out: &Path,
    batches: usize,
    (fresh, shard): (bool, Option<Shard>),
    limits: Limits,
) -> Result<Report, RunError> {
    let file =
        ScenarioFile::parse(text.to_owned(), &out.join("scenario.ron")).expect("it is valid");
    let datasets = file.scenario.datasets.iter();
    let stop = Arc::new(AtomicBool::new(false));
    let loaded = |model| LoadedModel {
        model,
        located: None,
    };
    let order = Order {
        file: &file,
        datasets: datasets
            .map(|spec| spec.open(file.folder()).expect("it is there"))
            .collect(),
        models: models.into_iter().map(loaded).collect(),
        recordings: recordings(&file).expect("there are such prompts"),
        device,
        out,
        shard,
        fresh,
        limits,
        watch: Watch::Stages,
        stop: Arc::clone(&stop),
        on_hang: Arc::new(|failure| panic!("no model hangs here: {}", failure.reason)),
    };
    // It is told of the beginning, and of each batch.
    let mut told = 0;
    execute(order, |_, _| {
        told += 1;
        stop.store(told > batches, Ordering::Relaxed);
    })
}

/// Returns a file of the run folder.
fn read(report: &Report, name: &str) -> String {
    std::fs::read_to_string(report.folder.join(name)).expect("the run wrote it")
}
