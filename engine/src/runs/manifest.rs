//! `manifest.json`: what was run, with what, and how far it came. See [`Manifest`].

use std::{
    fs,
    ops::AddAssign,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{RunError, Shard, error::reading, folder::replace_with};
use crate::{metrics::Wanted, scenario::Average};

/// All that is needed to know where the numbers come from, and to get them again.
///
/// Its lists are in the scenario's order, which summaries, tables and figures keep. Only here are
/// there times; every other file is the same whenever it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this program.
    pub engine: String,
    /// A hash of the code it was built from ([`CODE`](crate::version::CODE)).
    #[serde(default)]
    pub code: String,
    /// What was asked.
    pub scenario: ScenarioText,
    /// Which part of the cases this is; none if it is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Seeds every random draw.
    pub seed: u64,
    /// Where the models ran.
    pub device: String,
    /// Worker threads; results do not depend on them.
    pub threads: usize,
    /// How many times each trial is played.
    pub repeats: u32,
    /// The datasets found.
    pub datasets: Vec<DatasetEntry>,
    /// The models evaluated.
    pub models: Vec<ModelEntry>,
    /// The strategies played.
    pub strategies: Vec<StrategyEntry>,
    /// What was measured beyond pixel counts; of each a column in the rows.
    #[serde(default)]
    pub measured: Wanted,
    /// What counts once in a mean.
    #[serde(default)]
    pub average: Average,
    /// Wall time of each stage, of all times that the run was started and came to an end.
    #[serde(default)]
    pub stages: Vec<StageEntry>,
    /// How much was done.
    pub counts: Counts,
    /// How far the run came.
    pub state: State,
    /// When the run began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended.
    pub ended: Option<String>,
}

/// The scenario as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioText {
    /// Its name.
    pub name: String,
    /// [`Manifest::hash`] of the text.
    pub blake3: String,
    /// The RON text, comments included.
    pub text: String,
    /// Where relative paths in it start from.
    #[serde(default)]
    pub folder: PathBuf,
}

/// A dataset of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetEntry {
    /// Its name.
    pub name: String,
    /// The names of its objects.
    pub objects: Vec<String>,
    /// How many cases were found.
    pub cases: usize,
    /// [`Manifest::hash`] of their identifiers, one per line.
    #[serde(default)]
    pub cases_blake3: String,
}

/// A model of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Its name in the catalogue.
    pub name: String,
    /// SHA-256 of the file its weights come from; none if they come from no file.
    pub sha256: Option<String>,
}

/// A strategy of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrategyEntry {
    /// Its name.
    pub name: String,
    /// The rules of play, as in the rows.
    pub protocol: String,
    /// How many prompts a trial has at most.
    pub prompts: u32,
    /// BLAKE3 of the recording that it replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
}

/// How long a stage took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageEntry {
    /// Its name, as in the pipeline.
    pub stage: String,
    /// Pieces of work.
    pub count: u64,
    /// Wall time of all of them.
    pub seconds: f64,
}

/// How much of a run was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counts {
    /// Cases that are done with, the failed ones included.
    pub cases: usize,
    /// Cases in `failures.csv`.
    pub failed: usize,
    /// Slices played.
    pub slices: usize,
    /// Trials played.
    pub trials: usize,
    /// Predictions made, one row each.
    pub predictions: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.cases += more.cases;
        self.failed += more.failed;
        self.slices += more.slices;
        self.trials += more.trials;
        self.predictions += more.predictions;
    }
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has not ended; if no process works on it, it was killed.
    Running,
    /// Every case was played or has failed.
    Finished,
    /// It was stopped early; what it had finished is here.
    Interrupted,
}

impl Manifest {
    /// Returns BLAKE3 of a text, in hexadecimal.
    pub fn hash(text: &str) -> String {
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// Returns the time now, for [`Manifest::started`] and [`Manifest::ended`], to the second.
    pub fn now() -> String {
        let now = jiff::Timestamp::now();
        jiff::Timestamp::from_second(now.as_second())
            .unwrap_or(now)
            .to_string()
    }

    /// Adds to the time of a stage.
    pub(super) fn add_time(&mut self, stage: &str, count: u64, seconds: f64) {
        if count == 0 {
            return;
        }
        match self.stages.iter_mut().find(|known| known.stage == stage) {
            Some(known) => {
                known.count += count;
                known.seconds += seconds;
            }
            None => self.stages.push(StageEntry {
                stage: stage.to_owned(),
                count,
                seconds,
            }),
        }
    }

    /// Writes the manifest; a reader sees the old one or the new.
    pub fn write(&self, path: &Path) -> Result<(), RunError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| RunError::Encode {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        text.push(b'\n');
        replace_with(path, &text)
    }

    /// Reads a manifest.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let text = fs::read(path).map_err(reading(path))?;
        serde_json::from_slice(&text).map_err(|error| RunError::Malformed {
            path: path.to_owned(),
            line: error.line() as u64,
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A manifest of one dataset, one model, and strategies of the given lengths.
    pub(in crate::runs) fn manifest(strategies: &[(&str, u32)]) -> Manifest {
        let text = "(name: \"first\")".to_owned();
        Manifest {
            engine: "0.1.0".to_owned(),
            code: "0".to_owned(),
            scenario: ScenarioText {
                name: "first".to_owned(),
                blake3: Manifest::hash(&text),
                text,
                folder: PathBuf::new(),
            },
            shard: None,
            seed: 1,
            device: "cpu".to_owned(),
            threads: 2,
            repeats: 1,
            datasets: vec![DatasetEntry {
                name: "chest".to_owned(),
                objects: vec!["lungs".to_owned(), "heart".to_owned()],
                cases: 2,
                cases_blake3: Manifest::hash("a\nb\n"),
            }],
            models: vec![ModelEntry {
                name: "mobile_sam".to_owned(),
                sha256: None,
            }],
            strategies: strategies
                .iter()
                .map(|&(name, prompts)| StrategyEntry {
                    name: name.to_owned(),
                    protocol: "paper_code".to_owned(),
                    prompts,
                    recording: None,
                })
                .collect(),
            measured: Wanted::default(),
            average: Average::default(),
            stages: Vec::new(),
            counts: Counts::default(),
            state: State::Running,
            started: Manifest::now(),
            ended: None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("manifest.json");
        let mut manifest = manifest(&[("point", 9)]);
        manifest.write(&path).expect("writable");
        manifest.state = State::Finished;
        manifest.ended = Some(Manifest::now());
        manifest.write(&path).expect("writable");
        assert_eq!(Manifest::read(&path).expect("whole"), manifest);
    }

    #[test]
    fn times_of_a_stage_add_up() {
        let mut manifest = manifest(&[("point", 9)]);
        manifest.add_time("Encode", 2, 1.5);
        manifest.add_time("Decode", 0, 0.0);
        manifest.add_time("Encode", 1, 0.25);
        let expected = StageEntry {
            stage: "Encode".to_owned(),
            count: 3,
            seconds: 1.75,
        };
        assert_eq!(manifest.stages, [expected]);
    }

    #[test]
    fn stamps_are_whole_seconds_in_utc() {
        let now = Manifest::now();
        assert_eq!((now.len(), now.ends_with('Z')), (20, true), "{now}");
    }

    #[test]
    fn a_damaged_manifest_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("manifest.json");
        fs::write(&path, "{\"engine\": \"0.1.0\",\n").expect("writable");
        let error = Manifest::read(&path).expect_err("torn").to_string();
        assert!(error.contains("manifest.json, line"), "{error}");
    }
}
