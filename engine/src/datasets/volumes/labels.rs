//! Which voxels of a volume belong to which object. See [`Labels`].

use std::path::Path;

use super::{GridRule, Volumes};
use crate::{
    datasets::{CaseSource, DatasetError, Inside, files::pairing::MaskFile, slicing::Truth},
    formats::{FormatError, Grid, Planes, Volume},
};

impl Volumes {
    /// Reads the labels of one volume, one file after the other.
    pub(super) fn read_labels(
        &self,
        source: &CaseSource,
        image: &Grid,
        files: &[&MaskFile],
    ) -> Result<Truth, DatasetError> {
        let mut truth = Truth::nothing(image.shape, self.files.objects.len());
        for file in files {
            let shown = self.files.shown_in(file).into_iter();
            let labels = Labels {
                path: &file.path,
                volume: Planes::open(&file.path, self.spec.label_frame)?,
                grid: self.spec.grid,
                inside: &self.spec.inside,
                shown: shown
                    .map(|object| (object, &self.files.objects[object].inside))
                    .collect(),
            };
            labels.add_to(&mut truth, source, image)?;
        }
        Ok(truth)
    }
}

/// A label volume, and what its labels mean.
pub(in crate::datasets) struct Labels<'a> {
    pub(in crate::datasets) path: &'a Path,
    pub(in crate::datasets) volume: Planes,
    pub(in crate::datasets) grid: GridRule,
    /// Which voxels belong to an object, where it shows none that was declared.
    pub(in crate::datasets) inside: &'a Inside,
    /// The objects that it shows, by index, each with its own rule.
    pub(in crate::datasets) shown: Vec<(usize, &'a Inside)>,
}

impl Labels<'_> {
    /// Adds what they say to the truth of an image on this grid.
    ///
    /// # Errors
    /// They do not lie on it, or are not in their file any more.
    pub(in crate::datasets) fn add_to(
        self,
        truth: &mut Truth,
        source: &CaseSource,
        image: &Grid,
    ) -> Result<(), DatasetError> {
        let Some(fit) = self.grid.fit(image, &self.volume.grid) else {
            return Err(DatasetError::Grid {
                image: source.path.clone(),
                image_size: image.to_string(),
                mask: self.path.to_owned(),
                mask_size: self.volume.grid.to_string(),
            });
        };
        fit.visit(self.volume, image.shape, |voxel, value| {
            if value == 0.0 || value.is_nan() {
                return;
            }
            truth.largest = value.max(truth.largest);
            let mut is_any = self.shown.is_empty() && is_anything(self.inside, value);
            for &(object, rule) in &self.shown {
                is_any |= is_anything(rule, value);
                if is_inside(rule, value) {
                    truth.objects[object].insert(voxel);
                }
            }
            if is_any {
                truth.foreground.insert(voxel);
            }
        })?;
        Ok(())
    }
}

impl GridRule {
    /// Returns how labels come onto the grid of the image; `None` if they do not.
    fn fit(self, image: &Grid, labels: &Grid) -> Option<Fit> {
        match self {
            Self::Same => image.agrees_with(labels).then_some(Fit::Stored),
            Self::SameShape => (image.shape == labels.shape).then_some(Fit::Stored),
            Self::Resample if image.agrees_with(labels) => Some(Fit::Stored),
            Self::Resample if image.is_placed && labels.is_placed => {
                image.map_to(labels).map(Fit::Moved)
            }
            Self::Resample => None,
        }
    }
}

/// How labels come onto the grid of their image.
enum Fit {
    /// They lie there.
    Stored,
    /// By this map, from indices of the image to indices of the labels.
    Moved([[f64; 4]; 3]),
}

impl Fit {
    /// Calls `mark` with the place in stored order and the label of every voxel of an image of this
    /// shape that has one.
    fn visit(
        &self,
        labels: Planes,
        shape: [usize; 3],
        mark: impl FnMut(usize, f64),
    ) -> Result<(), FormatError> {
        match self {
            Self::Stored => labels.visit(mark)?,
            // Neighbours of the image may lie anywhere in the labels.
            Self::Moved(map) => resample(&labels.whole()?, shape, map, mark),
        }
        Ok(())
    }
}

/// What an index may be off by for having been computed: half-way between two voxels, it is taken
/// for the upper one whatever the rounding.
const ROUNDING: f64 = 1e-9;

/// Calls `mark` for every voxel of the image whose centre lies in a voxel of the labels, with the
/// voxel's place in stored order and that label. Of two voxels that are equally near, the one with
/// the higher index is taken, as ITK does.
fn resample(
    labels: &Volume,
    [width, height, depth]: [usize; 3],
    map: &[[f64; 4]; 3],
    mut mark: impl FnMut(usize, f64),
) {
    let lengths = labels.grid.shape.map(|length| length as f64);
    for k in 0..depth {
        for j in 0..height {
            let row = map.map(|[_, y, z, origin]| y * j as f64 + z * k as f64 + origin);
            for i in 0..width {
                let nearest = [0, 1, 2]
                    .map(|axis| (map[axis][0] * i as f64 + row[axis] + 0.5 + ROUNDING).floor());
                let is_there =
                    (0..3).all(|axis| nearest[axis] >= 0.0 && nearest[axis] < lengths[axis]);
                if is_there {
                    let value = labels.value(nearest.map(|index| index as usize));
                    mark(i + width * (j + height * k), value);
                }
            }
        }
    }
}

/// How far a label may be from a whole number: what scaling in single precision leaves.
const NEARLY_WHOLE: f64 = 1e-3;

/// Returns whether a voxel that is not 0 belongs to an object.
fn is_inside(rule: &Inside, value: f64) -> bool {
    match rule {
        Inside::Values(wanted) => wanted
            .iter()
            .any(|&label| (value - label as f64).abs() < NEARLY_WHOLE),
        Inside::Above(limit) => value > *limit,
        Inside::Nonzero | Inside::Paper | Inside::Colour(..) => true,
    }
}

/// Returns whether a voxel that is not 0 belongs to some object, also one that was not declared.
fn is_anything(rule: &Inside, value: f64) -> bool {
    matches!(rule, Inside::Values(_)) || is_inside(rule, value)
}
