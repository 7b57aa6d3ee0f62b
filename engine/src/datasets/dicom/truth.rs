//! Reads the truth of one series. See [`Dicom::read_truth`].

use std::path::Path;

use super::{
    Dicom,
    pairs::{Truth as Place, TruthKind},
};
use crate::{
    datasets::{CaseSource, DatasetError, slicing::Truth, volumes::Labels},
    formats::{
        Grid, Planes,
        dicom::{Colour, PlacingError, Segmentation, Series, StructureSet},
    },
    scenario::Ratio,
};

impl Dicom {
    /// Reads everything that shows objects of a series, one file after the other. Objects of several files
    /// are united.
    pub(super) fn read_truth(
        &self,
        source: &CaseSource,
        series: &Series,
        places: &[Place],
    ) -> Result<Truth, DatasetError> {
        let shape = series.volume.grid.shape;
        let mut truth = Truth::nothing(shape, self.objects.len());
        for place in places {
            match &place.kind {
                TruthKind::Segmentation(path) => {
                    self.read_segmentation(source, series, path, &mut truth)?;
                }
                TruthKind::Structures(path) => {
                    self.read_structures(source, series, path, &mut truth)?;
                }
                TruthKind::Series(files) => {
                    let masks = Series::read(files, Colour::Refuse)?;
                    let label = &place.objects[0].1;
                    let mask = masks.volume;
                    self.read_mask(source, series, &files[0], mask, label, &mut truth)?;
                }
                TruthKind::Volume(path) => {
                    let mask = Planes::open(path, None)?;
                    let label = &place.objects[0].1;
                    self.read_mask(source, series, path, mask, label, &mut truth)?;
                }
            }
        }
        Ok(truth)
    }

    fn read_segmentation(
        &self,
        source: &CaseSource,
        series: &Series,
        path: &Path,
        truth: &mut Truth,
    ) -> Result<(), DatasetError> {
        let segmentation = Segmentation::open(path)?;
        let threshold = self.spec.fractional.map(Ratio::get);
        let shown = |number: i64| -> Vec<usize> {
            let segment = segmentation
                .segments
                .iter()
                .find(|segment| segment.number == number);
            let label = segment.map_or("", |segment| segment.label.as_str());
            self.shown(Some(number), label)
        };
        let mut last: Option<(i64, Vec<usize>)> = None;
        let placed = segmentation.place(
            &series.volume.grid,
            &series.slices,
            threshold,
            &mut |number, voxel| {
                // Neighbours mostly are of one segment.
                if last.as_ref().is_none_or(|(before, _)| *before != number) {
                    last = Some((number, shown(number)));
                }
                let (_, objects) = last.as_ref().expect("it was just set");
                truth.mark(objects, voxel, number as f64);
            },
        );
        placed.map_err(|error| misplaced(error, source, &series.volume.grid))
    }

    fn read_structures(
        &self,
        source: &CaseSource,
        series: &Series,
        path: &Path,
        truth: &mut Truth,
    ) -> Result<(), DatasetError> {
        let structures = StructureSet::open(path)?;
        for roi in structures.rois.iter().filter(|roi| roi.has_contours()) {
            let objects = self.shown(Some(roi.number), &roi.name);
            let is_meant = self.spec.objects.is_empty() || !objects.is_empty();
            if !is_meant {
                // Couches, isocentres and the patient's outline are no other object's foreground.
                continue;
            }
            structures
                .place(roi, &series.volume.grid, &mut |voxel| {
                    truth.mark(&objects, voxel, roi.number as f64);
                })
                .map_err(|error| misplaced(error, source, &series.volume.grid))?;
        }
        Ok(())
    }

    /// Reads a series of masks or a label volume.
    fn read_mask(
        &self,
        source: &CaseSource,
        series: &Series,
        path: &Path,
        mask: Planes,
        label: &str,
        truth: &mut Truth,
    ) -> Result<(), DatasetError> {
        let shown = self.shown(None, label).into_iter();
        let labels = Labels {
            path,
            volume: mask,
            grid: self.spec.grid,
            inside: &self.spec.inside,
            shown: shown
                .map(|object| (object, &self.objects[object].inside))
                .collect(),
        };
        labels.add_to(truth, source, &series.volume.grid)
    }

    /// Returns the objects that a segment, region or mask shows.
    fn shown(&self, number: Option<i64>, label: &str) -> Vec<usize> {
        (0..self.objects.len())
            .filter(|&object| self.objects[object].is_shown_by(number, label))
            .collect()
    }
}

/// Shows where an image and its truth lie.
fn misplaced(error: PlacingError, source: &CaseSource, image: &Grid) -> DatasetError {
    match error {
        PlacingError::Format(error) => error.into(),
        PlacingError::Elsewhere { path, geometry } => DatasetError::Grid {
            image: source.path.clone(),
            image_size: image.to_string(),
            mask: path,
            mask_size: geometry,
        },
    }
}
