//! The pipeline with a model that is simple enough to reason about.

mod disc;
mod faults;
mod kill;
mod limits;
mod play;
mod report;
mod resume;
mod shards;
mod state;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use engine::{
    limits::Limits,
    models::Model,
    runs::{LoadedModel, Order, Report, RunError, Shard, execute},
    scenario::ScenarioFile,
};

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
    execute_models(text, models, out, batches, (false, None), Limits::default())
        .expect("the folder is writable")
}

fn execute_models(
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
        device: "cpu".to_owned(),
        out,
        shard,
        fresh,
        limits,
        stop: Arc::clone(&stop),
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
