//! `prompts.json`: the prompts of a run, to be given to another model. See [`Recording`].

use std::{
    collections::{HashMap, hash_map::Entry},
    fs::File,
    io::{BufReader, BufWriter, Read, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    PredictedMask, Row, RunError, TrialId,
    error::{reading, writing},
    folder::replace,
    predictions::rows_with_masks,
};
use crate::{
    entities::{Click, PixelBox},
    scenario::{Place, ReplaySpec, ScenarioError, ScenarioFile},
    version::VERSION,
};

/// What of a run one strategy replays: the prompts of one model and strategy, by where they were given.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// BLAKE3 of the file.
    pub blake3: String,
    trials: HashMap<Scene, Vec<RecordedPrompt>>,
}

/// What a trial is played on, whoever plays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scene {
    /// The dataset's name.
    pub dataset: String,
    /// The case within its dataset.
    pub case: String,
    /// Index along the slicing axis.
    pub slice: usize,
    /// The object's name.
    pub object: String,
    /// Which playing, from 0.
    pub repeat: u32,
}

/// What one prompt added. Coordinates are pixels of the slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPrompt {
    /// In the order in which they were given.
    pub clicks: Vec<Click>,
    /// In the order in which they were given.
    pub boxes: Vec<PixelBox>,
    /// Among how many equally good pixels the last click was drawn; 0 without a click.
    pub ties: usize,
}

/// Why recorded prompts cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The file has several, and the scenario does not say which.
    #[error(
        "{path} has prompts of more than one {kind}: {found}; name one, as in `{kind}: {example:?}`"
    )]
    Several {
        /// The file.
        path: String,
        /// Model or strategy.
        kind: &'static str,
        /// Their names.
        found: String,
        /// One of them.
        example: String,
    },
    /// The file lacks what the scenario names.
    #[error("{path} has no prompts of the {kind} {name:?}, only of {found}")]
    Missing {
        /// The file.
        path: String,
        /// Model or strategy.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        found: String,
    },
    /// The file is of a run without a prompt.
    #[error("{0} has no prompts; play its run to the end")]
    Empty(String),
}

/// One trial in the file.
#[derive(Serialize, Deserialize)]
struct RecordedTrial {
    #[serde(flatten)]
    trial: TrialId,
    prompts: Vec<RecordedPrompt>,
}

/// What the file holds.
#[derive(Deserialize)]
struct Trials {
    trials: Vec<RecordedTrial>,
}

/// The file.
struct Recorded {
    path: PathBuf,
    /// BLAKE3 of its bytes.
    blake3: String,
    /// At least one, each with a prompt.
    trials: Vec<RecordedTrial>,
}

/// Reads what a scenario's strategies replay; nothing for those that place prompts themselves.
///
/// # Errors
/// Points at the strategy whose recording cannot be used.
pub fn recordings(file: &ScenarioFile) -> Result<Vec<Option<Recording>>, ScenarioError> {
    let strategies = file.scenario.strategies.iter().enumerate();
    // A file is read once, however many strategies replay it.
    let mut files: HashMap<PathBuf, Recorded> = HashMap::new();
    let read = |(index, strategy): (usize, &crate::scenario::Strategy)| {
        let Some(spec) = &strategy.replay else {
            return Ok(None);
        };
        let path = file.folder().join(&spec.file);
        let recorded = match files.entry(path) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => Recorded::read(new.key()).map(|read| new.insert(read)),
        };
        let recording = recorded.and_then(|recorded| recorded.of(spec, &strategy.name));
        recording.map(Some).map_err(|error| {
            let expected = "expected the prompts.json of a finished run";
            file.misfit(Place::StrategyName(index), error.to_string(), expected)
        })
    };
    strategies.map(read).collect()
}

impl Recording {
    /// Reads the prompts of one model and strategy. A file with several is asked for the model that
    /// `spec` names, and for the strategy that it names or else for `own`.
    ///
    /// # Errors
    /// The file is no recording, or has no or several such prompts.
    pub fn read(path: &Path, spec: &ReplaySpec, own: &str) -> Result<Self, RecordingError> {
        Recorded::read(path)?.of(spec, own)
    }

    /// Returns the prompts given on a slice of `(height, width)` pixels.
    ///
    /// # Errors
    /// Says that there are none, or that they were given on a slice of another size.
    pub fn find(
        &self,
        scene: &Scene,
        (height, width): (usize, usize),
    ) -> Result<&[RecordedPrompt], String> {
        let Some(prompts) = self.trials.get(scene) else {
            return Err(format!(
                "no prompts are recorded for slice {}, object {:?}, repeat {}; record them with the same data",
                scene.slice, scene.object, scene.repeat
            ));
        };
        let is_inside = |x: u32, y: u32| (x as usize) < width && (y as usize) < height;
        let fits = prompts.iter().all(|prompt| {
            let mut clicks = prompt.clicks.iter();
            let mut boxes = prompt.boxes.iter();
            clicks.all(|click| is_inside(click.x, click.y))
                && boxes.all(|b| b.x0 <= b.x1 && b.y0 <= b.y1 && is_inside(b.x1, b.y1))
        });
        if fits {
            Ok(prompts)
        } else {
            Err(format!(
                "the prompts recorded for slice {}, object {:?} lie outside its {height} × {width} pixels; record them with the same data",
                scene.slice, scene.object
            ))
        }
    }

    /// Returns the most prompts of a trial.
    pub fn longest(&self) -> u32 {
        let longest = self.trials.values().map(Vec::len).max();
        longest.unwrap_or(0) as u32
    }

    /// Returns whether any prompt has a box.
    pub fn has_boxes(&self) -> bool {
        let mut prompts = self.trials.values().flatten();
        prompts.any(|prompt| !prompt.boxes.is_empty())
    }

    /// Returns whether any prompt has a click.
    pub fn has_clicks(&self) -> bool {
        let mut prompts = self.trials.values().flatten();
        prompts.any(|prompt| !prompt.clicks.is_empty())
    }
}

impl Recorded {
    fn read(path: &Path) -> Result<Self, RecordingError> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| BufReader::new(file).read_to_end(&mut bytes))
            .map_err(reading(path))?;
        let recorded: Trials =
            serde_json::from_slice(&bytes).map_err(|error| RunError::Malformed {
                path: path.to_owned(),
                line: error.line() as u64,
                reason: error.to_string(),
            })?;
        let mut trials = recorded.trials;
        trials.retain(|trial| !trial.prompts.is_empty());
        if trials.is_empty() {
            return Err(RecordingError::Empty(path.display().to_string()));
        }
        Ok(Self {
            path: path.to_owned(),
            blake3: blake3::hash(&bytes).to_hex().to_string(),
            trials,
        })
    }

    /// Returns the prompts of one model and strategy, chosen as [`Recording::read`] says.
    fn of(&self, spec: &ReplaySpec, own: &str) -> Result<Recording, RecordingError> {
        let asked = spec.strategy.as_deref();
        let mut trials: Vec<_> = self.trials.iter().collect();
        let strategy = choose(&self.path, "strategy", asked, own, &trials, |id| {
            &id.strategy
        })?;
        trials.retain(|trial| trial.trial.strategy == strategy);
        let asked = spec.model.as_deref();
        let model = choose(&self.path, "model", asked, "", &trials, |id| &id.model)?;
        trials.retain(|trial| trial.trial.model == model);
        let trials = trials.into_iter().map(|one| {
            let scene = Scene {
                dataset: one.trial.dataset.clone(),
                case: one.trial.case.clone(),
                slice: one.trial.slice,
                object: one.trial.object.clone(),
                repeat: one.trial.repeat,
            };
            (scene, one.prompts.clone())
        });
        Ok(Recording {
            blake3: self.blake3.clone(),
            trials: trials.collect(),
        })
    }
}

/// Returns the name that is asked for, or `own` if the file has it, or the only one there is.
fn choose(
    path: &Path,
    kind: &'static str,
    asked: Option<&str>,
    own: &str,
    trials: &[&RecordedTrial],
    name: fn(&TrialId) -> &String,
) -> Result<String, RecordingError> {
    let mut found: Vec<&str> = Vec::new();
    for trial in trials {
        let name = name(&trial.trial).as_str();
        if !found.contains(&name) {
            found.push(name);
        }
    }
    let path = path.display().to_string();
    match (asked, found.as_slice()) {
        (Some(name), _) if found.contains(&name) => Ok(name.to_owned()),
        (Some(name), _) => Err(RecordingError::Missing {
            path,
            kind,
            name: name.to_owned(),
            found: found.join(", "),
        }),
        (None, _) if found.contains(&own) => Ok(own.to_owned()),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(RecordingError::Several {
            path,
            kind,
            example: found[0].to_owned(),
            found: found.join(", "),
        }),
    }
}

/// Writes `prompts.json` from the rows and the predictions, which are in the same order: one line for
/// each trial, in the rows' order.
///
/// # Errors
/// A file cannot be read or written, or the two are not of the same trials.
pub(super) fn write_prompts(path: &Path, rows: &Path, predictions: &Path) -> Result<(), RunError> {
    replace(path, |file| {
        let mut target = BufWriter::new(file);
        let write = |target: &mut BufWriter<&mut File>, bytes: &[u8]| {
            target.write_all(bytes).map_err(writing(path))
        };
        let start = format!("{{\"engine\":\"{VERSION}\",\"trials\":[");
        write(&mut target, start.as_bytes())?;
        let mut open: Option<RecordedTrial> = None;
        let mut separator = "\n";
        let mut finish = |trial: RecordedTrial, target: &mut BufWriter<&mut File>| {
            let line = serde_json::to_vec(&trial).map_err(|error| RunError::Encode {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
            write(target, separator.as_bytes())?;
            separator = ",\n";
            write(target, &line)
        };
        for pair in rows_with_masks(rows, predictions)? {
            let (row, prediction) = pair?;
            if open
                .as_ref()
                .is_none_or(|open| open.trial != prediction.trial)
            {
                let next = RecordedTrial {
                    trial: prediction.trial.clone(),
                    prompts: Vec::new(),
                };
                if let Some(done) = open.replace(next) {
                    finish(done, &mut target)?;
                }
            }
            if let Some(open) = &mut open {
                open.prompts.push(recorded(&row, &prediction));
            }
        }
        if let Some(done) = open {
            finish(done, &mut target)?;
        }
        write(&mut target, b"\n]}\n")?;
        target.flush().map_err(writing(path))
    })
}

/// Returns what a prediction's prompt added.
fn recorded(row: &Row, prediction: &PredictedMask) -> RecordedPrompt {
    let last = |all: usize, added: usize| all.saturating_sub(added);
    let clicks = prediction
        .calls
        .first()
        .map_or(&[][..], |call| &call.clicks);
    let boxes = prediction.calls.iter().filter_map(|call| call.bounds);
    let boxes: Vec<_> = boxes.collect();
    RecordedPrompt {
        clicks: clicks[last(clicks.len(), prediction.added.clicks)..].to_vec(),
        boxes: boxes[last(boxes.len(), prediction.added.boxes)..].to_vec(),
        ties: row.ties.unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entities::{Call, Shown},
        runs::{
            Rle,
            json_lines::json_lines,
            rows::{csv_lines, header, tests::row},
        },
    };
    use ndarray::Array2;

    fn click(x: u32) -> Click {
        Click {
            x,
            y: 1,
            positive: true,
        }
    }

    /// Two trials of «clicks», one of «boxes».
    fn record(folder: &Path) -> PathBuf {
        let bounds = PixelBox {
            x0: 0,
            y0: 0,
            x1: 3,
            y1: 2,
        };
        let mut rows = Vec::new();
        let mut predictions = Vec::new();
        for (case, strategy, prompts) in [("a", "clicks", 2), ("a", "boxes", 1), ("b", "clicks", 1)]
        {
            for prompt in 1..=prompts {
                let row = Row {
                    ties: (strategy == "clicks").then_some(prompt as usize),
                    ..row(case, strategy, prompt, 0.5)
                };
                let is_box = strategy == "boxes";
                predictions.push(PredictedMask {
                    trial: row.trial(),
                    prompts: prompt,
                    calls: vec![Call {
                        clicks: (1..=prompt).filter(|_| !is_box).map(click).collect(),
                        bounds: is_box.then_some(bounds),
                    }],
                    added: Shown {
                        clicks: usize::from(!is_box),
                        boxes: usize::from(is_box),
                    },
                    segmentation: Rle::encode(Array2::from_elem((3, 4), true).view()),
                });
                rows.push(row);
            }
        }
        let [csv, lines, path] =
            ["rows.csv", "predictions.jsonl", "prompts.json"].map(|name| folder.join(name));
        let mut text = header(&Row::COLUMNS).into_bytes();
        text.extend(csv_lines(&rows, &csv).expect("encodes"));
        std::fs::write(&csv, text).expect("writable");
        std::fs::write(&lines, json_lines(&predictions, &lines).expect("encodes"))
            .expect("writable");
        write_prompts(&path, &csv, &lines).expect("writable");
        path
    }

    fn spec(model: Option<&str>, strategy: Option<&str>) -> ReplaySpec {
        let name = |name: &str| crate::scenario::Name::try_from(name).expect("a name");
        ReplaySpec {
            file: PathBuf::new(),
            model: model.map(name),
            strategy: strategy.map(name),
        }
    }

    fn scene(case: &str) -> Scene {
        let id = row(case, "clicks", 1, 0.5).trial();
        Scene {
            dataset: id.dataset,
            case: id.case,
            slice: id.slice,
            object: id.object,
            repeat: id.repeat,
        }
    }

    #[test]
    fn what_was_added_is_recorded() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = record(folder.path());
        let recording =
            Recording::read(&path, &spec(None, Some("clicks")), "again").expect("clicks");
        assert_eq!((recording.longest(), recording.has_boxes()), (2, false));
        let prompts = recording.find(&scene("a"), (3, 4)).expect("two prompts");
        let added: Vec<_> = prompts.iter().map(|p| (p.clicks.clone(), p.ties)).collect();
        assert_eq!(added, [(vec![click(1)], 1), (vec![click(2)], 2)]);
        // By its own name, and by the name that is the only one.
        let boxes = Recording::read(&path, &spec(Some("mobile_sam"), None), "boxes");
        assert!(boxes.expect("boxes").has_boxes());
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = record(folder.path());
        let told = |spec: &ReplaySpec| {
            let error = Recording::read(&path, spec, "again").expect_err("it does not fit");
            error.to_string()
        };
        let several = told(&spec(None, None));
        assert!(
            several.contains("more than one strategy: clicks, boxes"),
            "{several}"
        );
        let missing = told(&spec(Some("vit_b"), Some("clicks")));
        assert!(
            missing.contains("no prompts of the model \"vit_b\", only of mobile_sam"),
            "{missing}"
        );
        let recording = Recording::read(&path, &spec(None, Some("clicks")), "again");
        let recording = recording.expect("clicks");
        let small = recording.find(&scene("a"), (3, 2)).expect_err("too small");
        assert!(small.contains("outside its 3 × 2 pixels"), "{small}");
        let none = recording.find(&scene("c"), (3, 4)).expect_err("not played");
        assert!(none.contains("no prompts are recorded"), "{none}");
        std::fs::write(&path, "{\"trials\": [").expect("writable");
        assert!(told(&spec(None, None)).contains("prompts.json, line 1"));
        std::fs::write(&path, "{\"trials\": []}").expect("writable");
        assert!(told(&spec(None, None)).contains("has no prompts"));
    }
}
