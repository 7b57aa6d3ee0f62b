//! The shards of a run become one. See [`merge`].

use std::{collections::BTreeSet, fs, io::ErrorKind, path::Path, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Counts, Manifest, Report, Results, RunError, RunFolder, Shard, State,
    conclude::conclude,
    error::reading,
    folder::SHARDS,
    journal::{Entry, Journal},
    log::SpanReader,
    sorted::{self, Files, HELD},
    sorter::{Sorted, Sorter},
};
use crate::{
    datasets::Dataset,
    diagnostics::Timings,
    scenario::{Metric, ScenarioError, ScenarioFile},
    simulation::Outcome,
};

/// The most shards named in a message.
const NAMED: usize = 10;

/// Puts the shards in the run folder `root` together. All must be there, finished, whole, and of
/// the same scenario, code and weights; the files then have the bytes of a run without shards. The
/// shards stay as they are, and merging again gives the same.
///
/// # Errors
/// Names the shards that are missing, differ or are in use; nothing is written then. Or a file
/// cannot be written.
pub fn merge(root: &Path) -> Result<Report, RunError> {
    let manifests = read_manifests(root, &find_shards(root)?)?;
    let mut parts = Sorter::new(root, HELD);
    for (shard, manifest) in &manifests {
        read_part(root, *shard, manifest, &mut parts)?;
    }
    let parts = parts.finish()?;
    let manifest = merged(root, &manifests, parts.len())?;

    let folder = RunFolder::at(root, &manifest, false)?;
    folder.clear()?;
    manifest.write(&folder.manifest())?;
    write_sorted(&folder, &parts)?;
    let outcome = Outcome {
        counts: manifest.counts,
        slices: 0,
        state: State::Finished,
        timings: Timings::default(),
        measured: None,
        failure: None,
    };
    let metrics = scenario(&manifest).map(|file| file.scenario.metrics);
    let datasets = open_datasets(&manifest)
        .inspect_err(|error| tracing::warn!("no overlays, for the data are not here: {error}"));
    let digest = conclude(&folder, manifest, &outcome, datasets.ok().as_deref())?;
    Ok(Report {
        folder: folder.root().to_owned(),
        outcome,
        elapsed: Duration::ZERO,
        digest: Some(digest),
        // Every row has the IoU.
        metrics: metrics.unwrap_or_else(|_| vec![Metric::Iou]),
    })
}

/// Finds the folders of the shards: all of one division, none missing.
fn find_shards(root: &Path) -> Result<Vec<Shard>, RunError> {
    let path = root.join(SHARDS);
    let listed = match fs::read_dir(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(RunError::NoShards(path)),
        listed => listed.map_err(reading(&path))?,
    };
    let mut shards = Vec::new();
    for entry in listed {
        let name = entry.map_err(reading(&path))?.file_name();
        shards.extend(name.to_str().and_then(Shard::of_folder));
    }
    shards.sort_by_key(|shard| (shard.count(), shard.index()));
    let Some(first) = shards.first() else {
        return Err(RunError::NoShards(path));
    };
    if let Some(other) = shards.iter().find(|shard| shard.count() != first.count()) {
        return Err(RunError::MixedShards {
            path,
            first: *first,
            other: *other,
        });
    }
    let there: BTreeSet<_> = shards.iter().map(|shard| shard.index()).collect();
    let missing = (1..=first.count()).filter(|index| !there.contains(index));
    refuse_if_any("not there", root, first.count(), missing.collect())?;
    Ok(shards)
}

/// Reads the manifest of each shard: all finished, and of one run.
fn read_manifests(root: &Path, shards: &[Shard]) -> Result<Vec<(Shard, Manifest)>, RunError> {
    let mut manifests: Vec<(Shard, Manifest)> = Vec::with_capacity(shards.len());
    let mut unfinished = Vec::new();
    for &shard in shards {
        let path = RunFolder::manifest_in(&root.join(SHARDS).join(shard.folder()));
        let mut manifest = match Manifest::read(&path) {
            Err(RunError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {
                unfinished.push(shard.index());
                continue;
            }
            manifest => manifest?,
        };
        if manifest.state != State::Finished {
            unfinished.push(shard.index());
        }
        if let Some((first, expected)) = manifests.first() {
            // Machines of a cluster may differ; their code and weights may not.
            let device = std::mem::replace(&mut manifest.device, expected.device.clone());
            let differences = expected.differences(&manifest).concat();
            if !differences.is_empty() {
                return Err(RunError::UnlikeShards {
                    first: *first,
                    other: shard,
                    differences,
                });
            }
            manifest.device = device;
        }
        manifests.push((shard, manifest));
    }
    refuse_if_any("not finished", root, shards[0].count(), unfinished)?;
    Ok(manifests)
}

/// A finished case, and the shard that has its lines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Part {
    entry: Entry,
    shard: Shard,
}

/// Reads what a shard finished, while no other process has it, into `parts`.
fn read_part(
    root: &Path,
    shard: Shard,
    manifest: &Manifest,
    parts: &mut Sorter<Part>,
) -> Result<(), RunError> {
    let folder = RunFolder::at(&root.join(SHARDS).join(shard.folder()), manifest, false)?;
    let results = Results::open(&folder)?;
    let damaged = || refuse_if_any("damaged", root, shard.count(), vec![shard.index()]);
    if results.counts() != manifest.counts {
        return damaged();
    }
    for entry in results.entries()? {
        let entry = entry?;
        let dataset = manifest.datasets.get(entry.key.dataset);
        if dataset.is_none_or(|dataset| !shard.holds(&dataset.name, &entry.key.case)) {
            return damaged();
        }
        parts.push(Part { entry, shard })?;
    }
    Ok(())
}

/// Describes the whole run, of which as many cases were found.
fn merged(
    root: &Path,
    manifests: &[(Shard, Manifest)],
    found: usize,
) -> Result<Manifest, RunError> {
    let mut manifest = manifests[0].1.clone();
    manifest.shard = None;
    manifest.state = State::Running;
    manifest.ended = None;
    manifest.counts = Counts::default();
    manifest.stages.clear();
    for (_, shard) in manifests {
        manifest.counts += shard.counts;
        for time in &shard.stages {
            manifest.add_time(&time.stage, time.count, time.seconds);
        }
    }
    let cases: usize = manifest.datasets.iter().map(|dataset| dataset.cases).sum();
    if cases != found {
        return Err(RunError::MissingCases {
            folder: root.to_owned(),
            found,
            expected: cases,
        });
    }
    let devices: BTreeSet<_> = manifests.iter().map(|(_, m)| m.device.as_str()).collect();
    if devices.len() > 1 {
        manifest.device = Vec::from_iter(devices).join(" + ");
        tracing::warn!(
            "the shards were played on different devices, {}: numbers may differ in their last digits",
            manifest.device
        );
    }
    let started = manifests.iter().map(|(_, manifest)| &manifest.started);
    manifest.started = started.min().cloned().unwrap_or_default();
    Ok(manifest)
}

/// Writes the growing files of the whole run, in canonical order. A file of a shard is opened for
/// each case: there may be more shards than a process may hold open.
fn write_sorted(folder: &RunFolder, parts: &Sorted<Part>) -> Result<(), RunError> {
    let files = Files::of(folder);
    let names = files
        .logs
        .each_ref()
        .map(|path| path.file_name().unwrap_or_default().to_owned());
    let shards = folder.root().join(SHARDS);
    sorted::write(&files, parts, |file, part, target| {
        let path = shards.join(part.shard.folder()).join(&names[file]);
        SpanReader::open(&path)
            .map_err(std::io::Error::other)?
            .copy(part.entry.spans[file], target)
    })?;
    let entries = parts.merge()?.map(|part| Ok(part?.entry));
    Journal::replace(&files.journal, entries)?;
    Journal::open(files.journal.clone())?.append_sorted()?;
    sorted::settle(&files)
}

/// Opens the data of a run, in the manifest's order.
///
/// # Errors
/// They are not on this machine.
pub fn open_datasets(manifest: &Manifest) -> Result<Vec<Box<dyn Dataset>>, DataError> {
    let file = scenario(manifest)?;
    let datasets = file.scenario.datasets.iter();
    let opened: Result<_, _> = datasets.map(|spec| spec.open(file.folder())).collect();
    Ok(opened?)
}

/// Reads a run's scenario from its manifest.
fn scenario(manifest: &Manifest) -> Result<ScenarioFile, ScenarioError> {
    let scenario = &manifest.scenario;
    let path = scenario.folder.join("scenario.ron");
    ScenarioFile::parse(scenario.text.clone(), &path)
}

/// Why the data of a run cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The scenario's text in the manifest is no scenario of this program.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A dataset is not there.
    #[error(transparent)]
    Dataset(#[from] crate::datasets::DatasetError),
}

/// Names shards that cannot be merged, if there are any.
fn refuse_if_any(
    what: &'static str,
    root: &Path,
    count: u32,
    shards: Vec<u32>,
) -> Result<(), RunError> {
    let Some(first) = shards.first() else {
        return Ok(());
    };
    let mut names: Vec<_> = shards.iter().take(NAMED).map(u32::to_string).collect();
    if shards.len() > NAMED {
        names.push("…".to_owned());
    }
    Err(RunError::IncompleteShards {
        folder: root.to_owned(),
        what,
        names: names.join(", "),
        example: format!("{first}/{count}"),
        count,
    })
}
