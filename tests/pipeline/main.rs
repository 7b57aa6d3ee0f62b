//! The pipeline with a model that is simple enough to reason about.

mod disc;
mod faults;
mod play;
mod report;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use engine::{
    models::Model,
    runs::{LoadedModel, Order, Report, execute},
    scenario::ScenarioFile,
    weights::Located,
};

/// Plays a scenario's text with the disc model into `out`, and stops after `batches`.
fn play(text: &str, out: &Path, batches: usize) -> Report {
    play_models(text, vec![Box::new(disc::Disc)], out, batches)
}

/// Plays a scenario's text with these models in place of those it names.
fn play_models(text: &str, models: Vec<Box<dyn Model>>, out: &Path, batches: usize) -> Report {
    let file =
        ScenarioFile::parse(text.to_owned(), &out.join("scenario.ron")).expect("it is valid");
    let datasets = file.scenario.datasets.iter();
    let stop = Arc::new(AtomicBool::new(false));
    let loaded = |model| LoadedModel {
        model,
        located: Located {
            path: "disc".into(),
            sha256: "0".repeat(64).try_into().expect("64 digits"),
        },
    };
    let order = Order {
        file: &file,
        datasets: datasets
            .map(|spec| spec.open(file.folder()).expect("it is there"))
            .collect(),
        models: models.into_iter().map(loaded).collect(),
        device: "cpu".to_owned(),
        out,
        fresh: false,
        stop: Arc::clone(&stop),
    };
    let mut played = 0;
    execute(order, |_, _| {
        played += 1;
        stop.store(played >= batches, Ordering::Relaxed);
    })
    .expect("the folder is writable")
}

/// Returns a file of the run folder.
fn read(report: &Report, name: &str) -> String {
    std::fs::read_to_string(report.folder.join(name)).expect("the run wrote it")
}
