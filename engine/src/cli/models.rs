//! `engine models`: which models there are, what is installed, and how to get the rest.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use miette::IntoDiagnostic as _;

use super::{
    Outcome, output,
    progress::{Bar, Unit},
};
use crate::weights::{Catalogue, Entry, Located, Progress, PullError, State, Store};

/// List the known models, or get one
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine models
  engine models pull mobile_sam
  engine models --models /data/models")]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    folder: Folder,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Get a model's file and check it; one that is there and right is left alone
    Pull {
        /// Its name, as `engine models` lists it
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// Where model files are.
#[derive(Clone, Debug, Args)]
pub(super) struct Folder {
    /// Folder of model files [default: models/ here if it exists, else in your data folder]
    #[arg(long, value_name = "DIR", env = Store::VARIABLE, hide_env_values = true, global = true)]
    models: Option<PathBuf>,
}

impl Folder {
    pub(super) fn store(&self) -> Store {
        Store::new(self.models.clone())
    }
}

pub(super) fn models(arguments: &Arguments) -> miette::Result<Outcome> {
    let store = arguments.folder.store();
    let catalogue = Catalogue::load();
    match &arguments.action {
        None => list(&catalogue, &store)?,
        Some(Action::Pull { names }) => {
            // All names are looked up before anything is downloaded.
            let entries: Result<Vec<_>, _> = names.iter().map(|name| catalogue.get(name)).collect();
            for entry in entries.into_diagnostic()? {
                let Some(located) = pull(&store, entry).into_diagnostic()? else {
                    tracing::info!("{} needs no file", entry.name);
                    continue;
                };
                output::print(&format!("{}\n", located.path.display()))?;
            }
        }
    }
    Ok(Outcome::Complete)
}

fn list(catalogue: &Catalogue, store: &Store) -> miette::Result<()> {
    let heading = ["model", "file", "size", "licence", "source"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(catalogue.entries().iter().map(|entry| {
        vec![
            entry.name.clone(),
            describe(&store.state(entry)).to_owned(),
            entry
                .content
                .map_or("?".to_owned(), |content| size(content.bytes)),
            entry.licence.clone(),
            entry.homepage.clone(),
        ]
    }));
    tracing::info!("model files are in {}", store.folder().display());
    output::print(&output::columns(&rows))
}

/// Says in a word what is there of a model's file.
pub(super) fn describe(state: &State) -> &'static str {
    match state {
        State::Unneeded => "none needed",
        State::Absent => "not here",
        State::Installed { .. } => "installed",
        State::Damaged { .. } => "damaged",
    }
}

/// Writes a file's size for people.
pub(super) fn size(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// Gets a model's file, and says from where.
pub(super) fn pull(store: &Store, entry: &Entry) -> Result<Option<Located>, PullError> {
    let bytes = entry.content.map_or(0, |content| content.bytes);
    let bar = Bar::new(Unit::Bytes, bytes, &entry.name);
    store.pull(entry, &mut |progress| match progress {
        Progress::Trying { source } => tracing::info!("getting {} from {source}", entry.name),
        Progress::Received { bytes, total } => bar.set(bytes, total),
        Progress::Failed { attempt } => {
            tracing::warn!("{} did not give it: {}", attempt.source, attempt.reason);
        }
    })
}
