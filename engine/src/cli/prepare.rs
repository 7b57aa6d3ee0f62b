//! From a scenario's path to what it names, found; what is not found is underlined. See [`Prepared`].

use std::path::Path;

use crate::{
    datasets::Dataset,
    models,
    runs::{Recording, recordings},
    scenario::{Continue, Place, Primitive, ScenarioError, ScenarioFile, Strategy},
    weights::{Catalogue, Entry, Status},
};

/// A scenario whose datasets and models exist.
pub(super) struct Prepared {
    /// The scenario.
    pub(super) file: ScenarioFile,
    /// Its datasets, in its order.
    pub(super) datasets: Vec<Box<dyn Dataset>>,
    /// Its models, in its order; their files need not be there.
    pub(super) models: Vec<Entry>,
    /// What its strategies replay, in their order.
    pub(super) recordings: Vec<Option<Recording>>,
}

/// Reads a scenario, looks up its models and opens its datasets.
pub(super) fn prepare(path: &Path) -> Result<Prepared, ScenarioError> {
    prepare_file(ScenarioFile::read(path)?)
}

/// Looks up a scenario's models and opens its datasets.
pub(super) fn prepare_file(file: ScenarioFile) -> Result<Prepared, ScenarioError> {
    let models = look_up_models(&file)?;
    let recordings = recordings(&file)?;
    refuse_boxes(&file, &models, &recordings)?;
    let datasets = open_datasets(&file)?;
    Ok(Prepared {
        file,
        datasets,
        models,
        recordings,
    })
}

fn look_up_models(file: &ScenarioFile) -> Result<Vec<Entry>, ScenarioError> {
    let catalogue = Catalogue::load();
    let runnable = |entry: &&Entry| entry.status == Status::Runs;
    let models = file.scenario.models.iter().enumerate();
    let look_up = |(index, name): (usize, &crate::scenario::Name)| {
        let problem = match catalogue.get(name) {
            Ok(entry) if runnable(&entry) => return Ok(entry.clone()),
            Ok(_) => format!("this version cannot run the model {name} yet"),
            Err(_) => format!("there is no model {name}"),
        };
        let names: Vec<_> = catalogue.entries().iter().filter(runnable).collect();
        let names: Vec<_> = names.iter().map(|entry| entry.name.as_str()).collect();
        let expected = format!("expected {}", names.join(" or "));
        Err(file.misfit(Place::Model(index), problem, expected))
    };
    models.map(look_up).collect()
}

/// Refuses a box where a model takes clicks only.
fn refuse_boxes(
    file: &ScenarioFile,
    models: &[Entry],
    recordings: &[Option<Recording>],
) -> Result<(), ScenarioError> {
    let Some(model) = models
        .iter()
        .find(|entry| !models::takes_boxes(entry.architecture))
    else {
        return Ok(());
    };
    let is_box = |piece: &Primitive| matches!(piece, Primitive::Box(_));
    for (index, strategy) in file.scenario.strategies.iter().enumerate() {
        let place = match &strategy.then {
            _ if strategy.first.iter().any(is_box) => {
                let first = strategy.first.iter().position(is_box);
                Place::First(index, first.unwrap_or_default())
            }
            _ if recordings[index].as_ref().is_some_and(Recording::has_boxes) => {
                Place::StrategyName(index)
            }
            Continue::Iterate { next, .. } if next.iter().any(is_box) => Place::StrategyName(index),
            _ => continue,
        };
        let problem = format!(
            "{} takes clicks only, and strategy {:?} gives a box",
            model.name, &*strategy.name
        );
        let expected = "expected points, or a scenario of its own for this model";
        return Err(file.misfit(place, problem, expected));
    }
    Ok(())
}

fn open_datasets(file: &ScenarioFile) -> Result<Vec<Box<dyn Dataset>>, ScenarioError> {
    let datasets = file.scenario.datasets.iter().enumerate();
    let open = |(index, spec): (usize, &crate::datasets::DatasetSpec)| {
        let dataset = spec.open(file.folder()).map_err(|error| {
            file.misfit(Place::Dataset(index), error.to_string(), "declared here")
        })?;
        for remark in dataset.remarks() {
            tracing::info!("{}: {remark}", dataset.name());
        }
        Ok(dataset)
    };
    datasets.map(open).collect()
}

impl Prepared {
    /// Returns how many predictions one trial of each strategy makes at most.
    pub(super) fn rounds(&self) -> impl Iterator<Item = u32> {
        let strategies = self.file.scenario.strategies.iter();
        let rounds = |(strategy, recording): (&Strategy, &Option<Recording>)| match recording {
            Some(recording) => recording.longest(),
            None => strategy.rounds(),
        };
        strategies.zip(&self.recordings).map(rounds)
    }
}
