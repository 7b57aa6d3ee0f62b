//! A run from its scenario file to its last overlay. See [`execute`].

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use kernels::Device;

use super::{
    Counts, DatasetEntry, Digest, Manifest, ModelEntry, Recording, Results, RunError, RunFolder,
    ScenarioText, Shard, State, StrategyEntry,
    conclude::{conclude, end},
    timings::write_timings,
};
use crate::{
    agenda::Agenda,
    datasets::Dataset,
    diagnostics::{Grain, Watch},
    limits::{Limits, OnHang},
    models::{self, Model, ModelError},
    scenario::{Metric, ScenarioFile, Strategy},
    simulation::{Outcome, simulate},
    study::Study,
    version::{CODE, VERSION},
    weights::{Checkpoint, Entry, Formula, Located, Store, StoreError, WeightSource, WeightsError},
};

/// A model with the file it was built from.
pub struct LoadedModel {
    /// Ready to predict.
    pub model: Box<dyn Model>,
    /// Its file, if it needs one.
    pub located: Option<Located>,
}

impl LoadedModel {
    /// Builds a catalogue's model from its installed file; one without a file of formula weights.
    ///
    /// # Errors
    /// When the file is not there, is not what it should be, or is of another model.
    pub fn open(entry: &Entry, store: &Store, device: &Device) -> Result<Self, LoadError> {
        let located = store.locate(entry)?;
        let source: Box<dyn WeightSource> = match &located {
            Some(located) => Box::new(Checkpoint::open(&located.path)?),
            None => Box::new(Formula::default()),
        };
        let model = models::open(&entry.name, entry.architecture, &*source, device)?;
        Ok(Self { model, located })
    }
}

/// Why a model could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Its file is not there, or not what it should be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its file cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Its file does not fit the architecture.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What is played, on what, into where.
pub struct Order<'a> {
    /// The scenario.
    pub file: &'a ScenarioFile,
    /// Its datasets, opened, in its order.
    pub datasets: Vec<Box<dyn Dataset>>,
    /// Its models, built, in its order.
    pub models: Vec<LoadedModel>,
    /// What its strategies replay, as [`recordings`](super::recordings) reads it.
    pub recordings: Vec<Option<Recording>>,
    /// The device they are on.
    pub device: Device,
    /// Where run folders are made.
    pub out: &'a Path,
    /// Plays only this part of the cases.
    pub shard: Option<Shard>,
    /// Replaces the results that are in the run folder.
    pub fresh: bool,
    /// How much of the machine it may take.
    pub limits: Limits,
    /// How closely to look; more than the stages makes `timings.csv`.
    pub watch: Watch,
    /// Becomes true when the user wants the run to end: it does after the batch in play.
    pub stop: Arc<AtomicBool>,
    /// What to do when a model hangs: end the process.
    pub on_hang: OnHang,
}

/// What a run left.
#[derive(Clone, Debug)]
pub struct Report {
    /// The run folder.
    pub folder: PathBuf,
    /// What was played.
    pub outcome: Outcome,
    /// Wall time of playing, without building the models and without the summary.
    pub elapsed: Duration,
    /// Means and typical cases; none for a shard, of which they would say little.
    pub digest: Option<Digest>,
    /// What the scenario asks to see.
    pub metrics: Vec<Metric>,
}

/// Plays a scenario into its run folder; an earlier run of the same goes on where it ended.
/// `progress` is called after each batch with what was done, out of how many cases.
///
/// # Errors
/// When the run folder is in use or holds results of another run, or when a file of it cannot be
/// written or read. What was written before stays valid.
pub fn execute(
    order: Order<'_>,
    mut progress: impl FnMut(&Counts, usize),
) -> Result<Report, RunError> {
    let mut manifest = manifest(&order);
    let shard = order.shard;
    let models = order
        .models
        .into_iter()
        .map(|loaded| loaded.model)
        .collect();
    let scenario = order.file.scenario.clone();
    let metrics = scenario.metrics.clone();
    let study = Study::new(
        scenario,
        order.datasets,
        models,
        order.device,
        order.recordings,
    );
    if shard.is_some() && study.is_sequential() {
        return Err(RunError::Unshardable);
    }
    let folder = RunFolder::create(order.out, &manifest, order.fresh)?;
    if let Some(earlier) = folder.earlier() {
        if earlier.state != State::Finished && study.is_sequential() {
            tracing::info!("draws run on from case to case here, so all cases are played again");
            folder.clear()?;
        } else {
            manifest.started.clone_from(&earlier.started);
            manifest.stages.clone_from(&earlier.stages);
        }
    }
    manifest.write(&folder.manifest())?;
    let results = Results::open(&folder)?;
    let cases = Agenda::new(&study.datasets, shard);
    let (datasets, count) = (Arc::clone(&study.datasets), cases.len());
    tell_resumed(&results.counts(), count);
    let start = Instant::now();
    let (limits, watch) = (order.limits, order.watch);
    let outcome = simulate(
        study,
        cases,
        results,
        limits,
        watch,
        &order.stop,
        order.on_hang,
        |counts| {
            progress(counts, count);
        },
    )?;
    let elapsed = start.elapsed();
    if let Some(measured) = &outcome.measured {
        let entries = measured.profile.entries(Grain::Problems, &measured.peak);
        write_timings(&folder.timings(), &entries)?;
    }
    let digest = match shard {
        Some(_) => end(&folder, &mut manifest, &outcome).map(|()| None),
        None => conclude(&folder, manifest, &outcome, Some(&datasets)).map(Some),
    };
    Ok(Report {
        folder: folder.root().to_owned(),
        outcome,
        elapsed,
        digest: digest?,
        metrics,
    })
}

/// Says how much an earlier run left to do.
fn tell_resumed(done: &Counts, cases: usize) {
    if done.cases == cases && cases > 0 {
        tracing::info!("all {cases} cases are played already");
    } else if done.cases > 0 {
        tracing::info!("{} of {cases} cases are played already", done.cases);
    }
}

/// Describes the run before it begins.
fn manifest(order: &Order<'_>) -> Manifest {
    let file = order.file;
    let scenario = &file.scenario;
    let dataset = |dataset: &dyn Dataset| DatasetEntry {
        name: dataset.name().to_owned(),
        objects: dataset.objects().to_vec(),
        cases: dataset.case_count(),
        cases_blake3: hash_cases(dataset),
    };
    let model = |loaded: &LoadedModel| ModelEntry {
        name: loaded.model.name().to_owned(),
        sha256: loaded.located.as_ref().map(|file| file.sha256.to_string()),
    };
    let strategy = |(strategy, recording): (&Strategy, &Option<Recording>)| StrategyEntry {
        name: strategy.name.to_string(),
        protocol: scenario.protocol_of(strategy).id(),
        prompts: recording
            .as_ref()
            .map_or(strategy.rounds(), Recording::longest),
        recording: recording.as_ref().map(|recording| recording.blake3.clone()),
    };
    let strategies = scenario.strategies.iter().zip(&order.recordings);
    Manifest {
        engine: VERSION.to_owned(),
        code: CODE.to_owned(),
        scenario: ScenarioText {
            name: scenario.name.to_string(),
            blake3: Manifest::hash(&file.text),
            text: file.text.clone(),
            folder: absolute(file.folder()),
        },
        shard: order.shard,
        seed: scenario.seed,
        device: order.device.name(),
        threads: rayon::current_num_threads(),
        repeats: scenario.repeats.get(),
        datasets: order.datasets.iter().map(|set| dataset(&**set)).collect(),
        models: order.models.iter().map(model).collect(),
        strategies: strategies.map(strategy).collect(),
        measured: Metric::wanted(&scenario.metrics),
        average: scenario.average,
        stages: Vec::new(),
        counts: Counts::default(),
        state: State::Running,
        started: Manifest::now(),
        ended: None,
    }
}

/// Returns the hash of the cases' identifiers.
fn hash_cases(dataset: &dyn Dataset) -> String {
    let mut hash = blake3::Hasher::new();
    for case in dataset.cases() {
        hash.update(case.id.as_bytes()).update(b"\n");
    }
    hash.finalize().to_hex().to_string()
}

/// Returns a path that means the same from every folder.
fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
