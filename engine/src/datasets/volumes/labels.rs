//! Which voxels of a volume belong to which object. See [`Volumes::read_labels`].

use super::{GridRule, Volumes};
use crate::{
    datasets::{CaseSource, DatasetError, Inside, files::pairing::MaskFile, slicing::Truth},
    formats::{Grid, Volume},
};

impl Volumes {
    /// Reads the labels of one volume, one file after the other.
    pub(super) fn read_labels(
        &self,
        source: &CaseSource,
        image: &Volume,
        files: &[&MaskFile],
    ) -> Result<Truth, DatasetError> {
        let shape = image.grid.shape;
        let mut truth = Truth::nothing(shape, self.files.objects.len());
        for file in files {
            let labels = Volume::read(&file.path, self.spec.label_frame)?;
            let Some(fit) = self.spec.grid.fit(&image.grid, &labels.grid) else {
                return Err(DatasetError::Grid {
                    image: source.path.clone(),
                    image_size: image.grid.to_string(),
                    mask: file.path.clone(),
                    mask_size: labels.grid.to_string(),
                });
            };
            let shown = self.files.shown_in(file);
            let mark = |voxel: usize, value: f64| {
                if value == 0.0 || value.is_nan() {
                    return;
                }
                truth.largest = value.max(truth.largest);
                let mut is_any = shown.is_empty() && is_anything(&self.spec.inside, value);
                for &object in &shown {
                    let rule = &self.files.objects[object].inside;
                    is_any |= is_anything(rule, value);
                    if is_inside(rule, value) {
                        truth.objects[object].insert(voxel);
                    }
                }
                if is_any {
                    truth.foreground.insert(voxel);
                }
            };
            fit.visit(&labels, shape, mark);
        }
        Ok(truth)
    }
}

impl GridRule {
    /// Returns how labels come onto the grid of the image; `None` if they do not.
    pub(in crate::datasets) fn fit(self, image: &Grid, labels: &Grid) -> Option<Fit> {
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
pub(in crate::datasets) enum Fit {
    /// They lie there.
    Stored,
    /// By this map, from indices of the image to indices of the labels.
    Moved([[f64; 4]; 3]),
}

impl Fit {
    /// Calls `mark` with the place in stored order and the label of every voxel of an image of this
    /// shape that has one.
    pub(in crate::datasets) fn visit(
        &self,
        labels: &Volume,
        shape: [usize; 3],
        mut mark: impl FnMut(usize, f64),
    ) {
        match self {
            Self::Stored => {
                for (voxel, value) in labels.values().enumerate() {
                    mark(voxel, value);
                }
            }
            Self::Moved(map) => resample(labels, shape, map, mark),
        }
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
pub(in crate::datasets) fn is_inside(rule: &Inside, value: f64) -> bool {
    match rule {
        Inside::Values(wanted) => wanted
            .iter()
            .any(|&label| (value - label as f64).abs() < NEARLY_WHOLE),
        Inside::Above(limit) => value > *limit,
        Inside::Nonzero | Inside::Paper | Inside::Colour(..) => true,
    }
}

/// Returns whether a voxel that is not 0 belongs to some object, also one that was not declared.
pub(in crate::datasets) fn is_anything(rule: &Inside, value: f64) -> bool {
    matches!(rule, Inside::Values(_)) || is_inside(rule, value)
}
