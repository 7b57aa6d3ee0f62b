//! From a scenario's path to what it names, found; what is not found is underlined. See [`Prepared`].

use std::path::Path;

use crate::{
    datasets::Dataset,
    models::Taken,
    runs::{Recording, recordings},
    scenario::{Continue, Place, Primitive, ScenarioError, ScenarioFile, Strategy},
    weights::{Catalogue, Entry},
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
    refuse_strangers(&file, &models, &recordings)?;
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
    let models = file.scenario.models.iter().enumerate();
    let look_up = |(index, name): (usize, &crate::scenario::Name)| {
        catalogue.get(name).cloned().map_err(|unknown| {
            let problem = format!("there is no model {name}");
            let expected = format!("expected {}", unknown.known.join(" or "));
            file.misfit(Place::Model(index), problem, expected)
        })
    };
    models.map(look_up).collect()
}

/// Refuses a box where a model takes clicks only, and a click where one takes boxes only.
fn refuse_strangers(
    file: &ScenarioFile,
    models: &[Entry],
    recordings: &[Option<Recording>],
) -> Result<(), ScenarioError> {
    for model in models {
        match Taken::by(model.architecture) {
            Taken::All => {}
            Taken::Clicks => refuse(
                file,
                recordings,
                (
                    |piece| matches!(piece, Primitive::Box(_)),
                    Recording::has_boxes,
                ),
                &format!("{} takes clicks only, and strategy", model.name),
                ["a box", "points"],
            )?,
            Taken::Boxes => refuse(
                file,
                recordings,
                (
                    |piece| matches!(piece, Primitive::Point(_)),
                    Recording::has_clicks,
                ),
                &format!("{} was trained on boxes only, and strategy", model.name),
                ["a click", "boxes"],
            )?,
        }
    }
    Ok(())
}

/// Refuses strategies that place such a piece, or replay one.
fn refuse(
    file: &ScenarioFile,
    recordings: &[Option<Recording>],
    (is_such, has_such): (fn(&Primitive) -> bool, fn(&Recording) -> bool),
    problem: &str,
    [given, instead]: [&str; 2],
) -> Result<(), ScenarioError> {
    for (index, strategy) in file.scenario.strategies.iter().enumerate() {
        let place = match &strategy.then {
            _ if recordings[index].is_some() => {
                if !recordings[index].as_ref().is_some_and(has_such) {
                    continue;
                }
                Place::StrategyName(index)
            }
            _ if strategy.first.iter().any(is_such) => {
                let first = strategy.first.iter().position(is_such);
                Place::First(index, first.unwrap_or_default())
            }
            Continue::Iterate { next, .. } if next.iter().any(is_such) => {
                Place::StrategyName(index)
            }
            _ => continue,
        };
        let problem = format!("{problem} {:?} gives {given}", &*strategy.name);
        let expected = format!("expected {instead}, or a scenario of its own for this model");
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
