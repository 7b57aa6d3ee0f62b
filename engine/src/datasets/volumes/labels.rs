//! Which voxels of a volume belong to which object. See [`Volumes::read_labels`].

use super::{GridRule, Volumes};
use crate::{
    datasets::{CaseSource, DatasetError, Inside, files::pairing::MaskFile, slicing::Truth},
    formats::Volume,
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
            let labels = Volume::read(&file.path, None)?;
            let agrees = match self.spec.grid {
                GridRule::Same => image.grid.agrees_with(&labels.grid),
                GridRule::SameShape => image.grid.shape == labels.grid.shape,
            };
            if !agrees {
                return Err(DatasetError::Grid {
                    image: source.path.clone(),
                    image_size: image.grid.to_string(),
                    mask: file.path.clone(),
                    mask_size: labels.grid.to_string(),
                });
            }
            let shown = self.files.shown_in(file);
            for (voxel, value) in labels.values().enumerate() {
                if value == 0.0 || value.is_nan() {
                    continue;
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
            }
        }
        Ok(truth)
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
