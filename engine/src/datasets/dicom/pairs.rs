//! Which truth belongs to which series. See [`pair`].

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use super::{
    groups::{Group, group},
    scan::{File, Scan},
    spec::{DicomSpec, TruthSource},
};
use crate::{
    datasets::{
        CaseSource, DatasetError, Unpaired,
        files::{
            listing::{self, Odd, Oddity},
            pairing::key,
            pattern::{Binding, OBJECT, Pattern},
        },
    },
    formats::{dicom::Kind, volume},
};

/// A series and its truth.
pub(super) struct Case {
    pub(super) images: Vec<PathBuf>,
    /// Sorted by path.
    pub(super) truth: Vec<Truth>,
}

/// A place where truth is.
pub(super) struct Truth {
    pub(super) kind: TruthKind,
    /// What it shows, as (number, label); a name alone for masks and label volumes.
    pub(super) objects: Vec<(Option<i64>, String)>,
}

pub(super) enum TruthKind {
    Segmentation(PathBuf),
    Structures(PathBuf),
    Series(Vec<PathBuf>),
    Volume(PathBuf),
}

/// Why a file is no case.
#[derive(Clone, Debug)]
pub(super) enum Misfit {
    /// It is broken, or may not be read.
    Unreadable,
    /// Its name is not UTF-8.
    Name,
    /// A folder that cannot be listed, or a link that leads nowhere.
    Folder(io::ErrorKind),
    /// Truth without images.
    NoSeries,
    /// Images without truth.
    NoTruth,
}

pub(super) type Found = (CaseSource, Result<Case, Misfit>);

/// Brings series and truth together; sorted by identifier.
///
/// # Errors
/// A folder that cannot be listed.
pub(super) fn pair(
    spec: &DicomSpec,
    folder: &Path,
    scan: &Scan,
) -> Result<Vec<Found>, DatasetError> {
    let groups = group(spec, scan);
    let mut truths: Vec<Vec<Truth>> = groups.iter().map(|_| Vec::new()).collect();
    let mut lone: Vec<PathBuf> = Vec::new();
    let mut odd: Vec<(PathBuf, Misfit)> = scan.odd.clone();
    let mut is_truth = vec![false; groups.len()];
    match &spec.truth {
        TruthSource::Referenced => {
            for file in &scan.files {
                let Some((truth, goals)) = referenced(file, &groups) else {
                    continue;
                };
                if goals.is_empty() {
                    lone.push(file.path.clone());
                }
                for goal in goals {
                    truths[goal].push(truth());
                }
            }
        }
        TruthSource::Series(pattern) => {
            for (index, masks) in groups.iter().enumerate() {
                for binding in pattern.fits(masks.folder) {
                    is_truth[index] = true;
                    let goals = goals(spec, &groups, &binding, index);
                    let truth = || Truth {
                        kind: TruthKind::Series(masks.paths()),
                        objects: named(&binding),
                    };
                    for &goal in &goals {
                        truths[goal].push(truth());
                    }
                    if !goals.is_empty() {
                        break;
                    }
                }
            }
        }
        TruthSource::Volumes(pattern) => {
            let volumes = find_volumes(folder, pattern)?;
            odd.extend(volumes.1);
            for (name, path) in volumes.0 {
                let bindings = pattern.fits(&name);
                let goal = bindings.iter().find_map(|binding| {
                    let goals = goals(spec, &groups, binding, usize::MAX);
                    (!goals.is_empty()).then_some((goals, binding))
                });
                let Some((goals, binding)) = goal else {
                    if !bindings.is_empty() {
                        lone.push(path);
                    }
                    continue;
                };
                for goal in goals {
                    truths[goal].push(Truth {
                        kind: TruthKind::Volume(path.clone()),
                        objects: named(binding),
                    });
                }
            }
        }
    }

    let mut found: Vec<Found> = Vec::new();
    let by_name = spec.truth != TruthSource::Referenced;
    let names = unique_names(&groups);
    for (((group, truth), id), is_truth) in groups.iter().zip(truths).zip(names).zip(is_truth) {
        if !group.is_meant(spec) || is_truth {
            continue;
        }
        let case = if !truth.is_empty() {
            Ok(Case {
                images: group.paths(),
                truth,
            })
        } else if by_name && spec.unpaired == Unpaired::Fail {
            Err(Misfit::NoTruth)
        } else {
            // A study has many series that nobody segmented.
            continue;
        };
        let path = group.files[0].path.clone();
        found.push((CaseSource { id, path }, case));
    }
    if spec.unpaired == Unpaired::Fail {
        odd.extend(lone.into_iter().map(|path| (path, Misfit::NoSeries)));
    }
    found.extend(odd.into_iter().map(|(path, misfit)| {
        let name = path.strip_prefix(folder).unwrap_or(&path);
        let id = name.to_string_lossy().into_owned();
        (CaseSource { id, path }, Err(misfit))
    }));
    found.sort_by(|a, b| (&a.0.id, &a.0.path).cmp(&(&b.0.id, &b.0.path)));
    Ok(found)
}

/// Returns a segmentation or structure set and the series that it was drawn on: those that it names;
/// else those with an image that it names; else, if it names nothing, those of its coordinate system.
fn referenced<'a>(
    file: &'a File,
    groups: &[Group],
) -> Option<(impl Fn() -> Truth + 'a, Vec<usize>)> {
    let Kind::Truth {
        objects,
        series,
        instances,
    } = &file.summary.kind
    else {
        return None;
    };
    let all = |wanted: &dyn Fn(&Group) -> bool| -> Vec<usize> {
        (0..groups.len())
            .filter(|&index| wanted(&groups[index]))
            .collect()
    };
    let shows_instance = |group: &Group| instances.iter().any(|uid| group.has_instance(uid));
    let names = |group: &Group| series.iter().any(|uid| uid == group.series);
    let mut goals = all(&names);
    if goals
        .iter()
        .any(|&goal| groups[goal].alone && shows_instance(&groups[goal]))
    {
        goals.retain(|&goal| shows_instance(&groups[goal]));
    }
    if goals.is_empty() {
        goals = all(&shows_instance);
    }
    let says_nothing = series.is_empty() && instances.is_empty();
    if let (true, Some(reference)) = (says_nothing, &file.summary.frame_of_reference) {
        goals = all(&|group| group.files[0].summary.frame_of_reference.as_ref() == Some(reference));
    }
    let is_structures = file.summary.modality == "RTSTRUCT";
    let truth = move || Truth {
        kind: if is_structures {
            TruthKind::Structures(file.path.clone())
        } else {
            TruthKind::Segmentation(file.path.clone())
        },
        objects: objects
            .iter()
            .map(|(number, label)| (Some(*number), label.clone()))
            .collect(),
    };
    Some((truth, goals))
}

/// Returns the series of images whose folders answer to the same name as a mask.
fn goals(spec: &DicomSpec, groups: &[Group], binding: &Binding, mask: usize) -> Vec<usize> {
    let Some(images) = &spec.images else {
        return Vec::new();
    };
    let wanted = key(binding);
    let answers = |group: &Group| {
        images
            .fits(group.folder)
            .iter()
            .any(|own| key(own) == wanted)
    };
    (0..groups.len())
        .filter(|&index| index != mask && groups[index].is_meant(spec) && answers(&groups[index]))
        .collect()
}

/// Returns the object that a mask is called after.
fn named(binding: &Binding) -> Vec<(Option<i64>, String)> {
    let object = binding.get(OBJECT).cloned();
    vec![(None, object.unwrap_or_default())]
}

/// Lists label volumes, with their names.
#[expect(clippy::type_complexity, reason = "two lists, used once")]
fn find_volumes(
    folder: &Path,
    pattern: &Pattern,
) -> Result<(Vec<(String, PathBuf)>, Vec<(PathBuf, Misfit)>), DatasetError> {
    let (mut found, odd) =
        listing::list(folder, pattern, volume::EXTENSIONS).map_err(|source| {
            DatasetError::Folder {
                path: folder.to_owned(),
                source,
            }
        })?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let odd = odd.into_iter().map(|Odd { path, oddity }| match oddity {
        Oddity::Name => (path, Misfit::Name),
        Oddity::Unreadable(kind) => (path, Misfit::Folder(kind)),
    });
    let found = found.into_iter().map(|found| (found.name, found.path));
    Ok((found.collect(), odd.collect()))
}

/// Names series; those that would be called alike get their UID, too, and in one folder the path of the
/// first file.
fn unique_names(groups: &[Group]) -> Vec<String> {
    let count = |names: &[String]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for name in names {
            *counts.entry(name.clone()).or_default() += 1;
        }
        counts
    };
    let mut names: Vec<String> = groups.iter().map(Group::name).collect();
    let counts = count(&names);
    for (name, group) in names.iter_mut().zip(groups) {
        if counts[name] > 1 {
            *name = format!("{name}/{}", group.series);
        }
    }
    let counts = count(&names);
    for (name, group) in names.iter_mut().zip(groups) {
        if counts[name] > 1 {
            *name = format!("{name}/{}", group.files[0].summary.instance);
        }
    }
    names
}

/// Counts images that are of no case, and files of other formats.
pub(super) fn passed_over(scan: &Scan, found: &[Found]) -> [usize; 2] {
    let images = scan
        .files
        .iter()
        .filter(|file| file.summary.kind == Kind::Image);
    let mut used = BTreeSet::new();
    for case in found.iter().filter_map(|(_, case)| case.as_ref().ok()) {
        used.extend(case.images.iter().map(PathBuf::as_path));
        for truth in &case.truth {
            match &truth.kind {
                TruthKind::Series(masks) => used.extend(masks.iter().map(PathBuf::as_path)),
                TruthKind::Volume(path)
                | TruthKind::Segmentation(path)
                | TruthKind::Structures(path) => {
                    used.insert(path);
                }
            }
        }
    }
    let unused = images.filter(|image| !used.contains(image.path.as_path()));
    let is_volume = |truth: &&Truth| matches!(truth.kind, TruthKind::Volume(_));
    let cases = found.iter().filter_map(|(_, case)| case.as_ref().ok());
    let volumes = cases.flat_map(|case| &case.truth).filter(is_volume).count();
    [unused.count(), scan.others.saturating_sub(volumes)]
}

/// Says what was found instead of a case.
pub(super) fn no_cases(
    spec: &DicomSpec,
    folder: &Path,
    scan: &Scan,
    found: &[Found],
) -> DatasetError {
    let images = scan
        .files
        .iter()
        .filter(|file| file.summary.kind == Kind::Image);
    let modalities: BTreeSet<&str> = images
        .clone()
        .map(|file| file.summary.modality.as_str())
        .collect();
    let modalities: Vec<_> = modalities.into_iter().collect();
    let first = found.first().map_or_else(String::new, |(first, _)| {
        format!(", such as {}", first.path.display())
    });
    let seen = format!(
        "found {} DICOM files ({} images of modality {}), {} that cannot be used{first}, and {} other files",
        scan.files.len(),
        images.count(),
        if modalities.is_empty() {
            "none".to_owned()
        } else {
            modalities.join(", ")
        },
        found.len(),
        scan.others,
    );
    let wanted = [
        spec.images
            .as_ref()
            .map(|images| format!("in folders `{images}`")),
        spec.modality
            .as_ref()
            .map(|modality| format!("of modality {modality}")),
        spec.series
            .as_ref()
            .map(|_| "of that description".to_owned()),
    ];
    let wanted: Vec<String> = wanted.into_iter().flatten().collect();
    DatasetError::NoCases {
        dataset: spec.name.to_string(),
        found: seen,
        expected: format!(
            "in {} series of images {} and their truth: {}",
            folder.display(),
            wanted.join(" "),
            spec.truth
        ),
    }
}
