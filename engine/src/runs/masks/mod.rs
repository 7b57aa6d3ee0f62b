//! Predicted masks as files that other programs open. See [`export_masks`].

mod coco;
mod names;
mod place;

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use ndarray::{Array2, s};

use self::{
    coco::Annotations,
    names::Names,
    place::{write_picture, write_volume},
};
use super::{
    Group, Manifest, PredictedMask, Row, RunError, RunFolder, predictions::rows_with_masks,
};
use crate::{
    datasets::{Dataset, VolumePlace, Window},
    formats::FormatError,
};

/// Which of a trial's predictions become files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompts {
    /// That after its last prompt.
    Last,
    /// All of them, each a file of its own.
    All,
}

/// What an export left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many files of masks were written.
    pub files: usize,
    /// The cases whose masks could not be, and why.
    pub failed: Vec<String>,
}

/// Why masks could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// The run cannot be read, or a file not be written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A mask does not go into the format.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// Writes the masks that a run predicted into `out`. No model is needed; the data are, for they say
/// where a slice lies in its volume: `datasets` are those of the manifest, in its order.
///
/// | file | holds |
/// |---|---|
/// | `<model>/<strategy>/<dataset>/<case>__<object>.nii.gz` | of a volume: 0 and 1, on the grid of its source. Slices that were not played are 0 |
/// | `<model>/<strategy>/<dataset>/<case>__<object>.png` | of a picture: 0 and 255 |
/// | `<model>/<strategy>/annotations.json` | all of these as COCO's compressed run lengths, slice by slice |
///
/// A cropped slice is put back into the whole. A repeat but the first ends in `__r1`, and with [`Prompts::All`] the files of the prompts in `__p1`,
/// `__p2`, …; a slice whose trial stopped early keeps its last mask there. Names are made safe, and numbered
/// where they would be equal. A case that cannot be read, or has changed, fails alone.
///
/// # Errors
/// The run cannot be read, or a file not be written.
pub fn export_masks(
    run: &RunFolder,
    manifest: &Manifest,
    datasets: &[Box<dyn Dataset>],
    out: &Path,
    prompts: Prompts,
) -> Result<Exported, MaskError> {
    let mut export = Export {
        manifest,
        datasets,
        out,
        prompts,
        names: Names::default(),
        annotations: BTreeMap::new(),
        exported: Exported::default(),
    };
    let mut case: Vec<(Row, PredictedMask)> = Vec::new();
    for pair in rows_with_masks(&run.rows(), &run.predictions())? {
        let (row, mask) = pair?;
        let is_same = |first: &(Row, PredictedMask)| {
            first.0.case == row.case && first.0.dataset == row.dataset
        };
        if !case.first().is_none_or(is_same) {
            export.case(&std::mem::take(&mut case))?;
        }
        case.push((row, mask));
    }
    export.case(&case)?;
    for annotations in export.annotations.into_values() {
        annotations.finish()?;
    }
    Ok(export.exported)
}

struct Export<'a> {
    manifest: &'a Manifest,
    datasets: &'a [Box<dyn Dataset>],
    out: &'a Path,
    prompts: Prompts,
    names: Names,
    /// By model and strategy.
    annotations: BTreeMap<(usize, usize), Annotations>,
    exported: Exported,
}

/// What is one file: group, repeat, and number of prompts (0 for the last).
type FileKey = (Group, u32, u32);

impl Export<'_> {
    /// Writes the masks of one case; those of its slices are in the rows' order.
    fn case(&mut self, predictions: &[(Row, PredictedMask)]) -> Result<(), MaskError> {
        let Some((first, _)) = predictions.first() else {
            return Ok(());
        };
        let group = Group::of(first, self.manifest)?;
        let dataset = &*self.datasets[group.dataset];
        let seen = match see(dataset, &first.case) {
            Ok(seen) => seen,
            Err(reason) => {
                self.fail(first, &reason);
                return Ok(());
            }
        };
        let mut files: BTreeMap<FileKey, Vec<&(Row, PredictedMask)>> = BTreeMap::new();
        for pair in self.wanted(predictions) {
            let (prompts, pair) = pair;
            let group = Group::of(&pair.0, self.manifest)?;
            files
                .entry((group, pair.0.repeat, prompts))
                .or_default()
                .push(pair);
        }
        for (key, masks) in files {
            if let Err(reason) = self.file(key, &masks, &seen)? {
                self.fail(first, &reason);
                return Ok(());
            }
        }
        Ok(())
    }

    fn fail(&mut self, row: &Row, reason: &str) {
        let failed = format!("{}/{}: {reason}", row.dataset, row.case);
        self.exported.failed.push(failed);
    }

    /// Returns the predictions that become files, with the number of prompts in the name of the file.
    fn wanted<'p>(
        &self,
        predictions: &'p [(Row, PredictedMask)],
    ) -> Vec<(u32, &'p (Row, PredictedMask))> {
        let mut wanted = Vec::new();
        for trial in predictions.chunk_by(|(one, _), (other, _)| one.same_trial(other)) {
            let Some(last) = trial.last() else { continue };
            if self.prompts == Prompts::Last {
                wanted.push((0, last));
                continue;
            }
            let strategies = &self.manifest.strategies;
            let strategy = strategies
                .iter()
                .find(|known| known.name == last.0.strategy);
            let most = strategy.map_or(last.0.prompts, |strategy| strategy.prompts);
            wanted.extend(trial.iter().map(|pair| (pair.0.prompts, pair)));
            wanted.extend((last.0.prompts + 1..=most).map(|prompts| (prompts, last)));
        }
        wanted
    }

    /// Writes one file of masks, and their annotations. The inner error says why the masks do not fit the
    /// data as they are now.
    fn file(
        &mut self,
        (group, repeat, prompts): FileKey,
        masks: &[&(Row, PredictedMask)],
        seen: &Seen,
    ) -> Result<Result<(), String>, MaskError> {
        let mut slices = Vec::with_capacity(masks.len());
        for (row, mask) in masks {
            match seen.decode(row.slice, mask) {
                Ok(bitmap) => slices.push((row.slice, bitmap)),
                Err(reason) => return Ok(Err(reason)),
            }
        }
        let Some((first, _)) = masks.first() else {
            return Ok(Ok(()));
        };
        let folder = self.names.folder(self.out, [&first.model, &first.strategy]);
        let annotations = (group.model, group.strategy);
        if !self.annotations.contains_key(&annotations) {
            let started = Annotations::start(&folder, self.manifest)?;
            self.annotations.insert(annotations, started);
        }
        let marked = |mark: char, number: u32| match number {
            0 => String::new(),
            number => format!("__{mark}{number}"),
        };
        let (repeat, prompts) = (marked('r', repeat), marked('p', prompts));
        let name = format!("{}__{}{repeat}{prompts}", first.case, first.object);
        let path = self
            .names
            .file(&folder, &first.dataset, &name, seen.extension());
        make_folder(&path)?;
        match &seen.place {
            Some(place) => write_volume(&path, place, &slices)?,
            None => write_picture(&path, &slices[0].1)?,
        }
        self.exported.files += 1;
        if let Some(annotations) = self.annotations.get_mut(&annotations) {
            for ((row, _), (_, bitmap)) in masks.iter().zip(&slices) {
                annotations.add(group, row, bitmap.view())?;
            }
        }
        Ok(Ok(()))
    }
}

/// What is known of a case's slices.
struct Seen {
    /// By index.
    slices: BTreeMap<usize, SeenSlice>,
    /// Where they lie, if they are of a volume.
    place: Option<VolumePlace>,
}

/// What is known of a slice.
struct SeenSlice {
    /// Height and width, as it was played.
    shape: [usize; 2],
    /// What was left of it, if it was cropped.
    window: Option<Window>,
}

impl Seen {
    fn extension(&self) -> &'static str {
        match self.place {
            Some(_) => "nii.gz",
            None => "png",
        }
    }

    /// Decodes the mask of a slice onto the whole slice.
    fn decode(&self, slice: usize, mask: &PredictedMask) -> Result<Array2<bool>, String> {
        let changed = "its data have changed";
        let seen = self.slices.get(&slice);
        let seen = seen.ok_or_else(|| format!("{changed}: there is no slice {slice}"))?;
        let bitmap = mask.segmentation.decode(seen.shape);
        let bitmap = bitmap.map_err(|error| format!("{changed}: {error}"))?;
        let Some(Window { whole, corner }) = seen.window else {
            return Ok(bitmap);
        };
        let mut all = Array2::from_elem(whole, false);
        let ([top, left], (height, width)) = (corner, bitmap.dim());
        all.slice_mut(s![top..top + height, left..left + width])
            .assign(&bitmap);
        Ok(all)
    }
}

/// Reads a case for where its slices lie.
fn see(dataset: &dyn Dataset, case: &str) -> Result<Seen, String> {
    let number = dataset.find(case).next();
    let number = number.ok_or("the case is no longer there")?;
    let mut seen = Seen {
        slices: BTreeMap::new(),
        place: None,
    };
    let read = dataset.read(number, &mut |slice| {
        let (height, width) = slice.foreground.dim();
        let one = SeenSlice {
            shape: [height, width],
            window: slice.origin.window,
        };
        seen.slices.insert(slice.index, one);
        if seen.place.is_none() {
            seen.place = slice.origin.volume.map(|place| (*place).clone());
        }
        ControlFlow::Continue(())
    });
    read.map(|_| seen).map_err(|error| error.to_string())
}

/// Makes the folder of a file.
fn make_folder(file: &Path) -> Result<(), RunError> {
    let folder: PathBuf = file.parent().map_or_else(PathBuf::new, Path::to_owned);
    std::fs::create_dir_all(&folder).map_err(super::error::writing(&folder))
}

/// A mask, by its index in the volume.
type SliceMask = (usize, Array2<bool>);
