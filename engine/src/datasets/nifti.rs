//! Volumes and label volumes, sliced along an axis. See [`NiftiSpec`].

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use ndarray::{Array2, Array3};
use serde::Deserialize;

use super::{
    CaseSource, Dataset, DatasetError, ObjectMask, SliceCount, SliceData,
    normalise::{self, Mapping, Step},
    objects::{Declared, Inside, Object, ObjectSpec, Several},
    pairing::{self, Layout, MaskFile, Misfit, Unpaired},
    pattern::{NUMBER, OBJECT, Pattern},
    spread::{Histogram, Scaled, Spread, Values},
    voxels::VoxelSet,
};
use crate::{
    formats::{
        View,
        nifti::{self, Volume},
    },
    scenario::Name,
};

/// Volumes and their labels, NIfTI-1, sliced along one axis. Only slices with an object are played.
///
/// ```ron
/// nifti(
///     name: "spleen",
///     images: "imagesTr",
///     labels: "labelsTr",
///     label_name: "{stem}",           // by default equal names
///     axis: 2,                        // of the array: 0, 1 or 2; slices keep their index there
///     objects: [(name: "spleen")],
///     inside: nonzero,                // or values([1, 2]), above(0.5)
///     normalise: [percentile(low: 0, high: 100, over: volume), min_max(slice)],
/// )
/// ```
///
/// Slices are turned as a viewer shows them (see [`Grid::view`](crate::formats::Grid::view)): the
/// patient's right on the left, or the front on the left of a sagittal slice; front or top up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NiftiSpec {
    /// Names the dataset in rows and figures.
    pub name: Name,
    /// The folder of the volumes.
    pub images: PathBuf,
    /// The folder of the label volumes; may be the same.
    pub labels: PathBuf,
    /// What volumes are called.
    #[serde(default)]
    pub image_name: Pattern,
    /// What label volumes are called; has the same placeholders as `image_name`, and may have
    /// `{object}` and `{n}`.
    #[serde(default)]
    pub label_name: Pattern,
    /// The axis of the array that is cut.
    #[serde(default)]
    pub axis: Axis,
    /// Which volume of a file that holds several, counted from 0.
    #[serde(default)]
    pub frame: Option<u32>,
    /// The objects that become tasks. May be left out if `label_name` has `{object}`: then all that
    /// are found there.
    #[serde(default)]
    pub objects: Vec<ObjectSpec>,
    /// Which voxels of a label volume belong to an object, unless the object says so itself.
    #[serde(default = "nonzero")]
    pub inside: Inside,
    /// What to do with several label volumes of one object.
    #[serde(default)]
    pub several: Several,
    /// What to do with a volume without labels, or labels without a volume.
    #[serde(default)]
    pub unpaired: Unpaired,
    /// From stored values to the 8 bits that models see; by default the study group's published
    /// rule. An empty list shows 0 to 255 as they are.
    #[serde(default = "normalise::published")]
    pub normalise: Vec<Step>,
    /// Whether labels must lie where the volume does.
    #[serde(default)]
    pub grid: GridRule,
}

fn nonzero() -> Inside {
    Inside::Nonzero
}

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

/// What is asked of the grids of a volume and its labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GridRule {
    /// The same shape, and the same place in the patient to a tenth of a voxel.
    #[default]
    Same,
    /// The same shape; the place is taken from the volume. For labels that lost it.
    SameShape,
}

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

    /// Reads the labels of one volume, one file after the other.
    fn read_labels(
        &self,
        source: &CaseSource,
        image: &Volume,
        files: &[MaskFile],
    ) -> Result<Truth, DatasetError> {
        let shape = image.grid.shape;
        let mut truth = Truth {
            objects: self
                .objects
                .iter()
                .map(|_| VoxelSet::empty(shape))
                .collect(),
            foreground: VoxelSet::empty(shape),
            largest: 0.0,
        };
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
            let here =
                |object: &Object| object.is_in(file.object.as_deref(), file.number.as_deref());
            let shown: Vec<usize> = (0..self.objects.len())
                .filter(|&k| here(&self.objects[k]))
                .collect();
            for (voxel, value) in labels.values().enumerate() {
                if value == 0.0 || value.is_nan() {
                    continue;
                }
                truth.largest = value.max(truth.largest);
                let mut is_any = shown.is_empty() && is_anything(&self.spec.inside, value);
                for &object in &shown {
                    let rule = &self.objects[object].inside;
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

/// What the labels of one volume say.
struct Truth {
    objects: Vec<VoxelSet>,
    foreground: VoxelSet,
    /// The largest label.
    largest: f64,
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
