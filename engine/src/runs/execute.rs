//! A run from its scenario file to its last overlay. See [`execute`].

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use kernels::Device;

use super::{
    Counts, DatasetEntry, Digest, Manifest, ModelEntry, Results, RunError, RunFolder, ScenarioText,
    State, StrategyEntry, draw_typical, write_summary,
};
use crate::{
    datasets::Dataset,
    models::{self, Model, ModelError},
    scenario::{ScenarioFile, Strategy},
    simulation::{Outcome, simulate},
    study::Study,
    weights::{Checkpoint, Entry, Located, Store, StoreError, WeightsError},
};

/// A model with the file it was built from.
pub struct LoadedModel {
    /// Ready to predict.
    pub model: Box<dyn Model>,
    /// Its file.
    pub located: Located,
}

impl LoadedModel {
    /// Builds a catalogue's model from its installed file.
    ///
    /// # Errors
    /// When the file is not there, is not what it should be, or is of another model.
    pub fn open(entry: &Entry, store: &Store, device: &Device) -> Result<Self, LoadError> {
        let located = store.locate(entry)?;
        let checkpoint = Checkpoint::open(&located.path)?;
        let model = models::open(&entry.name, entry.architecture, &checkpoint, device)?;
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
    /// The name of the device they are on.
    pub device: String,
    /// Where run folders are made.
    pub out: &'a Path,
    /// Replaces the results of another scenario of the same name.
    pub fresh: bool,
    /// Becomes true when the user wants the run to end: it does after the batch in play.
    pub stop: Arc<AtomicBool>,
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
    /// Means and typical cases.
    pub digest: Digest,
}

/// Plays a scenario into its run folder. `progress` is called after each batch with what was done,
/// out of how many cases.
///
/// # Errors
/// When the run folder is in use or holds another scenario's results, or when a file of it cannot be
/// written or read. What was written before stays valid.
pub fn execute(
    order: Order<'_>,
    mut progress: impl FnMut(&Counts, usize),
) -> Result<Report, RunError> {
    let file = order.file;
    let hash = Manifest::hash(&file.text);
    let folder = RunFolder::create(order.out, &file.scenario.name, &hash, order.fresh)?;
    let mut manifest = manifest(&order);
    manifest.write(&folder.manifest())?;
    let results = Results::create(&folder)?;
    let models = order
        .models
        .into_iter()
        .map(|loaded| loaded.model)
        .collect();
    let study = Study::new(file.scenario.clone(), order.datasets, models);
    let (datasets, cases) = (Arc::clone(&study.datasets), study.cases());
    let start = Instant::now();
    let outcome = simulate(study, results, &order.stop, |counts| {
        progress(counts, cases);
    })?;
    let elapsed = start.elapsed();

    let digest = Digest::read(&folder.rows(), &manifest)?;
    write_summary(&folder.summary(), &digest.summary)?;
    for undrawn in draw_typical(&folder, &digest.typical, &datasets)? {
        tracing::warn!("no overlay {}: {}", undrawn.file_name, undrawn.reason);
    }
    manifest.counts = outcome.counts;
    manifest.state = outcome.state;
    manifest.ended = Some(Manifest::now());
    manifest.write(&folder.manifest())?;
    Ok(Report {
        folder: folder.root().to_owned(),
        outcome,
        elapsed,
        digest,
    })
}

/// Describes the run before it begins.
fn manifest(order: &Order<'_>) -> Manifest {
    let file = order.file;
    let scenario = &file.scenario;
    let dataset = |dataset: &dyn Dataset| DatasetEntry {
        name: dataset.name().to_owned(),
        objects: dataset.objects().to_vec(),
        cases: dataset.cases().len(),
    };
    let model = |loaded: &LoadedModel| ModelEntry {
        name: loaded.model.name().to_owned(),
        sha256: Some(loaded.located.sha256.to_string()),
    };
    let strategy = |strategy: &Strategy| StrategyEntry {
        name: strategy.name.to_string(),
        protocol: scenario.protocol_of(strategy).id(),
        prompts: strategy.rounds(),
    };
    Manifest {
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: ScenarioText {
            name: scenario.name.to_string(),
            blake3: Manifest::hash(&file.text),
            text: file.text.clone(),
        },
        seed: scenario.seed,
        device: order.device.clone(),
        threads: rayon::current_num_threads(),
        repeats: scenario.repeats.get(),
        datasets: order.datasets.iter().map(|set| dataset(&**set)).collect(),
        models: order.models.iter().map(model).collect(),
        strategies: scenario.strategies.iter().map(strategy).collect(),
        counts: Counts::default(),
        state: State::Running,
        started: Manifest::now(),
        ended: None,
    }
}
