//! From a scenario's path to what it names, found; what is not found is underlined. See [`Prepared`].

use std::path::Path;

use crate::{
    datasets::Dataset,
    scenario::{Place, ScenarioError, ScenarioFile},
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
}

/// Reads a scenario, looks up its models and opens its datasets.
pub(super) fn prepare(path: &Path) -> Result<Prepared, ScenarioError> {
    let file = ScenarioFile::read(path)?;
    let models = look_up_models(&file)?;
    let datasets = open_datasets(&file)?;
    Ok(Prepared {
        file,
        datasets,
        models,
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

fn open_datasets(file: &ScenarioFile) -> Result<Vec<Box<dyn Dataset>>, ScenarioError> {
    let datasets = file.scenario.datasets.iter().enumerate();
    let open = |(index, spec): (usize, &crate::datasets::DatasetSpec)| {
        spec.open(file.folder())
            .map_err(|error| file.misfit(Place::Dataset(index), error.to_string(), "declared here"))
    };
    datasets.map(open).collect()
}
