//! From a volume and its truth to slices. See [`Cutting`].

mod header;
mod voxels;

use std::{ops::ControlFlow, sync::Arc};

use ndarray::Array2;
use serde::Deserialize;

use header::Shown;
pub(super) use voxels::VoxelSet;

use super::{
    CaseSource, DatasetError, ObjectMask, Origin, Preparation, SliceCount, SliceData, VolumePlace,
    intensity::{
        normalise::{Percent, Step},
        ranks::Ranks,
        spread::{Histogram, Scaled, Spread},
    },
    preparation::{self, Chosen},
};
use crate::formats::{FormatError, Planes, View};

/// An axis of an array: 0, 1 or 2. By default the last, along which most scanners stack slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "usize")]
pub struct Axis(usize);

impl Default for Axis {
    fn default() -> Self {
        Self(2)
    }
}

impl TryFrom<usize> for Axis {
    type Error = String;

    fn try_from(axis: usize) -> Result<Self, String> {
        if axis < 3 {
            Ok(Self(axis))
        } else {
            Err(format!("axis {axis}: expected 0, 1 or 2"))
        }
    }
}

/// What the labels of one volume say.
pub(super) struct Truth {
    /// By object of the dataset.
    pub(super) objects: Vec<VoxelSet>,
    /// Where any object is, also one that is no task.
    pub(super) foreground: VoxelSet,
    /// The largest label.
    pub(super) largest: f64,
}

impl Truth {
    /// Returns the truth of a volume in which nothing has been found yet.
    pub(super) fn nothing(shape: [usize; 3], objects: usize) -> Self {
        Self {
            objects: (0..objects).map(|_| VoxelSet::empty(shape)).collect(),
            foreground: VoxelSet::empty(shape),
            largest: 0.0,
        }
    }

    /// Adds a voxel with this label to these objects and to the foreground.
    pub(super) fn mark(&mut self, objects: &[usize], voxel: usize, label: f64) {
        for &object in objects {
            self.objects[object].insert(voxel);
        }
        self.foreground.insert(voxel);
        self.largest = self.largest.max(label);
    }

    /// Returns what more than half of them say; they are of one volume.
    pub(super) fn majority(mut truths: Vec<Self>) -> Self {
        if truths.len() == 1 {
            return truths.remove(0);
        }
        let largest = truths.iter().map(|truth| truth.largest);
        let shape = truths[0].foreground.shape();
        let most = |of: &dyn Fn(&Self) -> &VoxelSet| {
            let sets: Vec<_> = truths.iter().map(of).collect();
            VoxelSet::majority(shape, &sets)
        };
        Self {
            objects: (0..truths[0].objects.len())
                .map(|object| most(&|truth| &truth.objects[object]))
                .collect(),
            foreground: most(&|truth| &truth.foreground),
            largest: largest.fold(0.0, f64::max),
        }
    }
}

/// How a volume becomes slices.
pub(super) struct Cutting<'a> {
    pub(super) axis: Axis,
    pub(super) normalise: &'a [Step],
    pub(super) prepare: &'a Preparation,
}

impl Cutting<'_> {
    /// Hands each slice that is played to `sink`, until it breaks; turned as a viewer shows it.
    ///
    /// # Errors
    /// None of the case's slices shows an object, or none is left by the preparation; a header does not
    /// say what normalising needs; voxels that were left in their file are not there any more.
    pub(super) fn hand_over(
        &self,
        case: &CaseSource,
        image: Planes,
        truth: &Truth,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError> {
        let Axis(axis) = self.axis;
        let view = image.grid.view(axis);
        let areas = truth.objects.iter().map(|object| object.areas(axis));
        let areas: Vec<_> = areas.collect();
        let chosen = self.prepare.choose(&case.id, &areas);
        let place = Arc::new(VolumePlace {
            grid: image.grid.clone(),
            axis,
        });
        // Every slice across another axis would read the whole file.
        let image = if chosen.is_empty() || axis == image.axis() {
            image
        } else {
            image.held()?
        };
        let asked = self.normalise.iter().flat_map(Step::of_volume);
        let asked: Vec<_> = asked.filter(|_| !chosen.is_empty()).collect();
        let mut volume = spread(&image, &asked)?;
        let shown = Shown::of(case, &image, self.normalise)?;
        let mut with_object = 0;
        for Chosen {
            slice: index,
            objects,
        } in chosen
        {
            let bitmap =
                |voxels: &VoxelSet| cut(&view, image.grid.shape, index, |v| voxels.contains(v));
            let masks = objects.into_iter().map(|object| ObjectMask {
                object,
                bitmap: bitmap(&truth.objects[object]),
            });
            let slice = self.prepare.finish(SliceData {
                index,
                masks: masks.collect(),
                pixels: shown.slice(&view, index, &mut *volume)?,
                foreground: bitmap(&truth.foreground),
                spacing_mm: image
                    .grid
                    .spacing_mm
                    .map(|mm| [mm[view.down.0], mm[view.across.0]]),
                origin: Origin {
                    volume: Some(Arc::clone(&place)),
                    window: None,
                },
            });
            let Some(slice) = slice else {
                continue;
            };
            with_object += 1;
            if sink(slice).is_break() {
                break;
            }
        }
        if with_object == 0 && !self.prepare.skips_empty() {
            return Err(Self::nothing(case, truth, &areas));
        }
        Ok(SliceCount {
            with_object,
            empty: image.grid.shape[axis] - with_object,
        })
    }

    /// Says why no slice is played.
    fn nothing(case: &CaseSource, truth: &Truth, areas: &[Vec<usize>]) -> DatasetError {
        if let Some(left_out) = preparation::left_out(&case.path, areas) {
            return left_out;
        }
        let seen = if truth.largest > 0.0 {
            format!("its labels go up to {}", truth.largest)
        } else {
            "its labels are all 0".to_owned()
        };
        DatasetError::NoObject {
            path: case.path.clone(),
            seen,
        }
    }
}

/// Evaluates a function at every voxel of a slice, turned as a viewer shows it.
fn cut<T>(
    view: &View,
    shape: [usize; 3],
    index: usize,
    value: impl Fn([usize; 3]) -> T,
) -> Array2<T> {
    let (height, width) = (shape[view.down.0], shape[view.across.0]);
    Array2::from_shape_fn((height, width), |(y, x)| {
        value(view.voxel(shape, index, [y, x]))
    })
}

/// Returns the values of a slice, turned as a viewer shows it.
fn values(view: &View, image: &Planes, index: usize) -> Result<Array2<f64>, FormatError> {
    let (shape, axis) = (image.grid.shape, image.axis());
    let crossed = if view.cut == axis {
        index..index + 1
    } else {
        0..shape[axis]
    };
    let first = crossed.start;
    let planes: Vec<_> = crossed.map(|n| image.plane(n)).collect::<Result<_, _>>()?;
    Ok(cut(view, shape, index, |voxel| {
        planes[voxel[axis] - first].value(voxel)
    }))
}

/// Returns the spread of a volume, for these percentiles: if its values are few, counted; else the ranks
/// that are asked for, in single precision.
fn spread<'a>(image: &'a Planes, asked: &[Percent]) -> Result<Box<dyn Spread + 'a>, FormatError> {
    if asked.is_empty() {
        return Ok(Box::new(Ranks::none()));
    }
    let Some(first) = image.smallest_of_few() else {
        let ranks = Ranks::find(asked, |see| {
            for plane in image.each() {
                let values: Vec<f32> = plane?.values().map(|value| value as f32).collect();
                see(&values);
            }
            Ok::<_, FormatError>(())
        })?;
        return Ok(Box::new(ranks));
    };
    let mut bins = vec![0; 1 << 16];
    for plane in image.each() {
        for value in plane?.unscaled() {
            bins[(value as i32 - first) as usize] += 1;
        }
    }
    let counted = Histogram {
        first: first.into(),
        bins,
    };
    Ok(Box::new(Scaled {
        stored: counted,
        scale: |value| image.scale(value),
    }))
}
