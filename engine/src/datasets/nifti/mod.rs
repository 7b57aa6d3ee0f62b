//! Volumes and label volumes, sliced along an axis. See [`NiftiSpec`].

mod labels;
mod spec;
mod voxels;

use std::{ops::ControlFlow, path::Path};

use ndarray::{Array2, Array3};

pub use spec::{Axis, GridRule, NiftiSpec};

use super::{
    CaseSource, Dataset, DatasetError, ObjectMask, SliceCount, SliceData,
    files::{
        pairing::{self, Layout, MaskFile, Misfit},
        pattern::{NUMBER, OBJECT},
    },
    intensity::{
        normalise::{Mapping, Step},
        spread::{Histogram, Scaled, Spread, Values},
    },
    objects::{Declared, Inside, Object},
};
use crate::formats::{
    View,
    nifti::{self, Volume},
};

/// NIfTI files that are listed.
pub(super) struct Nifti {
    spec: NiftiSpec,
    layout: Layout,
    objects: Vec<Object>,
    names: Vec<String>,
    sources: Vec<CaseSource>,
    labels: Vec<Result<Vec<MaskFile>, Misfit>>,
}

impl Nifti {
    /// Lists volumes and labels and joins them.
    pub(super) fn open(spec: &NiftiSpec, base_dir: &Path) -> Result<Self, DatasetError> {
        let rules = spec
            .objects
            .iter()
            .filter_map(|object| object.inside.as_ref())
            .chain([&spec.inside]);
        if rules
            .into_iter()
            .any(|rule| matches!(rule, Inside::Paper | Inside::Colour(..)))
        {
            return Err(DatasetError::Declaration {
                dataset: spec.name.to_string(),
                problem: "`inside: paper` and `inside: colour` are for pictures; expected nonzero, values or above".to_owned(),
            });
        }
        let layout = Layout {
            images: base_dir.join(&spec.images),
            masks: base_dir.join(&spec.labels),
            image_name: spec.image_name.clone(),
            mask_name: spec.label_name.clone(),
            mask_field: "label_name",
            extensions: nifti::EXTENSIONS,
            unpaired: spec.unpaired,
        };
        let pairs = pairing::pair(&spec.name, &layout)?;
        let declared = Declared {
            dataset: &spec.name,
            objects: &spec.objects,
            inside: &spec.inside,
            several: spec.several,
            mask_field: layout.mask_field,
            has_object: spec.label_name.has(OBJECT),
            has_number: spec.label_name.has(NUMBER),
        };
        let objects = declared.resolve(&pairs)?;
        let (sources, labels) = pairs
            .into_iter()
            .map(|pair| (pair.source, pair.masks))
            .unzip();
        Ok(Self {
            names: objects.iter().map(|object| object.name.clone()).collect(),
            spec: spec.clone(),
            layout,
            objects,
            sources,
            labels,
        })
    }
}

impl Dataset for Nifti {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn objects(&self) -> &[String] {
        &self.names
    }

    fn cases(&self) -> &[CaseSource] {
        &self.sources
    }

    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError> {
        let source = &self.sources[case];
        let files = self.labels[case]
            .as_ref()
            .map_err(|misfit| self.layout.explain(misfit, &source.path))?;
        let image = Volume::read(&source.path, self.spec.frame)?;
        let truth = self.read_labels(source, &image, files)?;

        let Axis(axis) = self.spec.axis;
        let view = image.grid.view(axis);
        let needs_volume = self.spec.normalise.iter().any(Step::looks_at_volume);
        let mut volume = if needs_volume {
            spread(&image)
        } else {
            Box::new(Values::<f64>::new(std::iter::empty()))
        };
        let mut count = SliceCount::default();
        for index in 0..image.grid.shape[axis] {
            let masks = truth
                .objects
                .iter()
                .enumerate()
                .filter_map(|(object, voxels)| {
                    let bitmap = cut(&view, image.grid.shape, index, |voxel| {
                        voxels.contains(voxel)
                    });
                    bitmap
                        .iter()
                        .any(|&inside| inside)
                        .then_some(ObjectMask { object, bitmap })
                });
            let masks: Vec<_> = masks.collect();
            if masks.is_empty() {
                count.empty += 1;
                continue;
            }
            count.with_object += 1;
            let slice = SliceData {
                index,
                pixels: show(&image, &view, index, &self.spec.normalise, &mut *volume),
                masks,
                foreground: cut(&view, image.grid.shape, index, |voxel| {
                    truth.foreground.contains(voxel)
                }),
                spacing_mm: image
                    .grid
                    .spacing_mm
                    .map(|mm| [mm[view.down.0], mm[view.across.0]]),
            };
            if sink(slice).is_break() {
                return Ok(count);
            }
        }
        if count.with_object == 0 {
            let seen = if truth.largest > 0.0 {
                format!("its labels go up to {}", truth.largest)
            } else {
                "its labels are all 0".to_owned()
            };
            return Err(DatasetError::NoObject {
                path: source.path.clone(),
                seen,
            });
        }
        Ok(count)
    }
}

/// Evaluates a function at every voxel of a slice, turned as a viewer shows it.
fn cut<T>(
    view: &View,
    shape: [usize; 3],
    index: usize,
    value: impl Fn([usize; 3]) -> T,
) -> Array2<T> {
    let ((down, up_side_down), (across, mirrored)) = (view.down, view.across);
    let (height, width) = (shape[down], shape[across]);
    Array2::from_shape_fn((height, width), |(y, x)| {
        let mut voxel = [index; 3];
        voxel[down] = if up_side_down { height - 1 - y } else { y };
        voxel[across] = if mirrored { width - 1 - x } else { x };
        value(voxel)
    })
}

/// Returns a slice in 8-bit RGB.
fn show(
    image: &Volume,
    view: &View,
    index: usize,
    steps: &[Step],
    volume: &mut dyn Spread,
) -> Array3<u8> {
    let slice = cut(view, image.grid.shape, index, |voxel| image.value(voxel));
    let mut values = Values::new(slice.iter().copied());
    let mapping = Mapping::find(steps, 255.0, &mut values, volume);
    let (height, width) = slice.dim();
    Array3::from_shape_fn((height, width, 3), |(y, x, _)| mapping.byte(slice[[y, x]]))
}

/// Returns the spread of a volume: counted if its values are few, else kept in single precision.
fn spread(image: &Volume) -> Box<dyn Spread + '_> {
    let Some((stored, first)) = image.small_integers() else {
        return Box::new(Values::new(image.values().map(|value| value as f32)));
    };
    let mut bins = vec![0; 1 << 16];
    for value in stored {
        bins[(value - first) as usize] += 1;
    }
    let counted = Histogram {
        first: first.into(),
        bins,
    };
    Box::new(Scaled {
        stored: counted,
        scale: |value| image.scale(value),
    })
}
