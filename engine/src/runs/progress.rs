//! Which shards of a run are finished. See [`Progress`].

use std::path::{Path, PathBuf};

use super::{Manifest, RunFolder, State, folder::SHARDS, safe_name};
use crate::scenario::ScenarioFile;

/// How far the shards of a run came, as their manifests say.
#[derive(Clone, Debug)]
pub struct Progress {
    root: PathBuf,
    folder: PathBuf,
    scenario: String,
    count: u32,
}

impl Progress {
    /// Looks at the run of a scenario in `out`, divided into `count` shards. Nothing is created.
    pub fn of(out: &Path, file: &ScenarioFile, count: u32) -> Self {
        let root = out.join(safe_name(&file.scenario.name));
        Self {
            folder: root.join(SHARDS),
            root,
            scenario: Manifest::hash(&file.text),
            count,
        }
    }

    /// Returns the run folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder of the shards.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns how many shards there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Returns the numbers of the shards that are not there, not finished, or of another scenario.
    pub fn unfinished(&self) -> Vec<u32> {
        (1..=self.count)
            .filter(|index| {
                let folder = self.folder.join(format!("{index}-of-{}", self.count));
                let manifest = Manifest::read(&RunFolder::manifest_in(&folder));
                !manifest.is_ok_and(|manifest| {
                    manifest.state == State::Finished && manifest.scenario.blake3 == self.scenario
                })
            })
            .collect()
    }
}
