//! A folder of images and a folder of masks. See [`FolderPairSpec`].

mod mask_image;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use ndarray::{Array2, Array3, Axis};
use serde::Deserialize;

use mask_image::MaskImage;

use super::{
    CaseSource, Dataset, DatasetError, ObjectMask, SliceCount, SliceData,
    files::{
        pairing::{self, Layout, MaskFile, Misfit, Unpaired},
        pattern::{NUMBER, OBJECT, Pattern},
    },
    intensity::{
        normalise::{self, Mapping, Positive, Step},
        spread::Histogram,
    },
    objects::{Declared, Inside, Object, ObjectSpec, Several},
};
use crate::{
    formats::raster::{self, Raster},
    scenario::Name,
};

/// Pictures and their masks: PNG, JPEG, BMP or TIFF, in two folders (or one).
///
/// ```ron
/// folder_pair(
///     name: "chest",
///     images: "chest/images",
///     masks: "chest/masks",
///     mask_name: "{stem}_mask",       // by default equal names; extensions may differ
///     objects: [(name: "lung")],
///     inside: above(127),             // or nonzero, values([1, 2]), colour(0, 255, 0), paper
///     several: merged,                // or apart: masks 1 and 2 of an object are two objects
///     unpaired: fail,                 // or skip
///     normalise: [divide_by_max(slice)],
///     spacing_mm: (0.7, 0.7),         // of rows and columns, where known
/// )
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderPairSpec {
    /// Names the dataset in rows and figures.
    pub name: Name,
    /// The folder of the images.
    pub images: PathBuf,
    /// The folder of the masks; may be the same.
    pub masks: PathBuf,
    /// What images are called.
    #[serde(default)]
    pub image_name: Pattern,
    /// What masks are called; has the same placeholders as `image_name`, and may have `{object}`
    /// and `{n}`.
    #[serde(default)]
    pub mask_name: Pattern,
    /// The objects that become tasks. May be left out if `mask_name` has `{object}`: then all that
    /// are found there.
    #[serde(default)]
    pub objects: Vec<ObjectSpec>,
    /// Which pixels of a mask belong to an object, unless the object says so itself.
    #[serde(default = "above_middle")]
    pub inside: Inside,
    /// What to do with several masks of one object.
    #[serde(default)]
    pub several: Several,
    /// What to do with an image without a mask, or a mask without an image.
    #[serde(default)]
    pub unpaired: Unpaired,
    /// From stored values to the 8 bits that models see. An empty list shows 8 bits as they are and
    /// scales down 16.
    #[serde(default = "normalise::divide_by_max")]
    pub normalise: Vec<Step>,
    /// The distance between rows and between columns, in millimetres.
    #[serde(default)]
    pub spacing_mm: Option<[Positive; 2]>,
}

fn above_middle() -> Inside {
    Inside::Above(127.0)
}

/// A folder pair whose files are listed.
pub(super) struct FolderPair {
    spec: FolderPairSpec,
    layout: Layout,
    objects: Vec<Object>,
    names: Vec<String>,
    /// All colours that objects are declared by.
    colours: Vec<[u8; 3]>,
    sources: Vec<CaseSource>,
    masks: Vec<Result<Vec<MaskFile>, Misfit>>,
}

impl FolderPair {
    /// Lists images and masks and joins them.
    pub(super) fn open(spec: &FolderPairSpec, base_dir: &Path) -> Result<Self, DatasetError> {
        let layout = Layout {
            images: base_dir.join(&spec.images),
            masks: base_dir.join(&spec.masks),
            image_name: spec.image_name.clone(),
            mask_name: spec.mask_name.clone(),
            mask_field: "mask_name",
            extensions: raster::EXTENSIONS,
            unpaired: spec.unpaired,
        };
        let pairs = pairing::pair(&spec.name, &layout)?;
        let declared = Declared {
            dataset: &spec.name,
            objects: &spec.objects,
            inside: &spec.inside,
            several: spec.several,
            mask_field: layout.mask_field,
            has_object: spec.mask_name.has(OBJECT),
            has_number: spec.mask_name.has(NUMBER),
        };
        let objects = declared.resolve(&pairs)?;
        let mut colours = Vec::new();
        for object in &objects {
            if let Inside::Colour(r, g, b) = object.inside {
                colours.push([r, g, b]);
            }
        }
        let (sources, masks) = pairs
            .into_iter()
            .map(|pair| (pair.source, pair.masks))
            .unzip();
        Ok(Self {
            names: objects.iter().map(|object| object.name.clone()).collect(),
            spec: spec.clone(),
            layout,
            objects,
            colours,
            sources,
            masks,
        })
    }

    /// Reads the masks of one image of this size into one bitmap per object, and the foreground.
    fn read_masks(
        &self,
        source: &CaseSource,
        files: &[MaskFile],
        size: [usize; 2],
    ) -> Result<Truth, DatasetError> {
        let mut truth = Truth {
            bitmaps: self.objects.iter().map(|_| None).collect(),
            foreground: Array2::from_elem(size, false),
        };
        for file in files {
            let raster = raster::read(&file.path)?;
            if raster.size() != size {
                let show = |[height, width]: [usize; 2]| format!("{width}×{height} pixels");
                return Err(DatasetError::Grid {
                    image: source.path.clone(),
                    image_size: show(size),
                    mask: file.path.clone(),
                    mask_size: show(raster.size()),
                });
            }
            let mask = MaskImage {
                path: &file.path,
                raster: &raster,
                colours: &self.colours,
            };
            let here =
                |object: &Object| object.is_in(file.object.as_deref(), file.number.as_deref());
            let mut rules: Vec<&Inside> = Vec::new();
            for (object, bitmap) in self.objects.iter().zip(&mut truth.bitmaps) {
                if here(object) {
                    unite(
                        bitmap.get_or_insert_with(|| Array2::from_elem(size, false)),
                        &mask.inside(&object.inside)?,
                    );
                    rules.push(&object.inside);
                }
            }
            if rules.is_empty() {
                rules.push(&self.spec.inside);
            }
            // Rules that see the same foreground need not look twice.
            rules.dedup_by(|a, b| {
                a == b
                    || matches!(
                        (a, b),
                        (Inside::Values(_), Inside::Values(_))
                            | (Inside::Colour(..), Inside::Colour(..))
                    )
            });
            for rule in rules {
                unite(&mut truth.foreground, &mask.anything(rule)?);
            }
        }
        Ok(truth)
    }

    /// Says what a mask holds, for a user who expected something else.
    fn describe(&self, file: &MaskFile) -> Result<String, DatasetError> {
        let raster = raster::read(&file.path)?;
        let mask = MaskImage {
            path: &file.path,
            raster: &raster,
            colours: &self.colours,
        };
        Ok(mask.describe())
    }
}

/// What the masks of one image say.
struct Truth {
    /// One per object, if it has a mask.
    bitmaps: Vec<Option<Array2<bool>>>,
    foreground: Array2<bool>,
}

fn unite(all: &mut Array2<bool>, more: &Array2<bool>) {
    all.zip_mut_with(more, |all, more| *all |= more);
}

impl Dataset for FolderPair {
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
        let files = self.masks[case]
            .as_ref()
            .map_err(|misfit| self.layout.explain(misfit, &source.path))?;
        let image = raster::read(&source.path)?;
        let truth = self.read_masks(source, files, image.size())?;

        let present = |(object, bitmap): (usize, Option<Array2<bool>>)| {
            let bitmap = bitmap.filter(|bitmap| bitmap.iter().any(|&inside| inside))?;
            Some(ObjectMask { object, bitmap })
        };
        let masks: Vec<_> = truth
            .bitmaps
            .into_iter()
            .enumerate()
            .filter_map(present)
            .collect();
        if masks.is_empty() {
            return Err(DatasetError::NoObject {
                path: source.path.clone(),
                seen: self.describe(&files[0])?,
            });
        }
        // A sink that breaks wants no further slice; there is none.
        let _ = sink(SliceData {
            index: 0,
            pixels: show(&image, &self.spec.normalise),
            masks,
            foreground: truth.foreground,
            spacing_mm: self
                .spec
                .spacing_mm
                .map(|spacing| spacing.map(Positive::get)),
        });
        Ok(SliceCount {
            with_object: 1,
            empty: 0,
        })
    }
}

/// Returns the picture in 8-bit RGB. Statistics are taken over all channels together.
fn show(image: &Raster, steps: &[Step]) -> Array3<u8> {
    let [height, width] = image.size();
    let shape = (height, width, 3);
    match image {
        Raster::Gray8(gray) => {
            let table = table(steps, 256, gray.iter().map(|&value| value.into()));
            Array3::from_shape_fn(shape, |(y, x, _)| table[usize::from(gray[[y, x]])])
        }
        Raster::Gray16(gray) => {
            let table = table(steps, 65536, gray.iter().map(|&value| value.into()));
            Array3::from_shape_fn(shape, |(y, x, _)| table[usize::from(gray[[y, x]])])
        }
        Raster::Rgb8(rgb) => {
            let table = table(steps, 256, rgb.iter().map(|&value| value.into()));
            rgb.mapv(|value| table[usize::from(value)])
        }
        Raster::Rgb16(rgb) => {
            let table = table(steps, 65536, rgb.iter().map(|&value| value.into()));
            rgb.mapv(|value| table[usize::from(value)])
        }
        Raster::Palette { indices, colours } => {
            let mut rgb = Array3::zeros(shape);
            for (mut pixel, &index) in rgb.lanes_mut(Axis(2)).into_iter().zip(indices) {
                pixel.assign(&ndarray::aview1(&colours[usize::from(index)]));
            }
            show(&Raster::Rgb8(rgb), steps)
        }
    }
}

/// Returns the byte for each of `kinds` stored values.
fn table(steps: &[Step], kinds: usize, values: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut bins = vec![0; kinds];
    for value in values {
        bins[value] += 1;
    }
    let mut slice = Histogram { first: 0.0, bins };
    let mut volume = Histogram {
        first: 0.0,
        bins: slice.bins.clone(),
    };
    let mapping = Mapping::find(steps, (kinds - 1) as f64, &mut slice, &mut volume);
    (0..kinds).map(|value| mapping.byte(value as f64)).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_studys_normalisation_truncates() {
        // numpy: (numpy.array([0, 1, 100, 150, 200]) / 200 * 255).astype("uint8")
        let image = Raster::Gray8(array![[0, 1, 100, 150, 200]]);
        let shown = show(&image, &normalise::divide_by_max());
        assert_eq!(
            shown
                .index_axis(Axis(2), 0)
                .into_iter()
                .copied()
                .collect::<Vec<_>>(),
            [0, 1, 127, 191, 255]
        );
        assert_eq!(shown.index_axis(Axis(2), 0), shown.index_axis(Axis(2), 2));
    }

    #[test]
    fn channels_are_normalised_together() {
        let image = Raster::Rgb8(
            Array3::from_shape_vec((1, 1, 3), vec![0, 50, 100]).expect("three samples"),
        );
        assert_eq!(
            show(&image, &normalise::divide_by_max())
                .into_raw_vec_and_offset()
                .0,
            [0, 127, 255]
        );
    }

    #[test]
    fn without_steps_bits_are_kept_or_scaled() {
        let shown = |image| {
            show(&image, &[])
                .index_axis(Axis(2), 0)
                .into_iter()
                .copied()
                .collect::<Vec<u8>>()
        };
        assert_eq!(shown(Raster::Gray8(array![[0, 7, 255]])), [0, 7, 255]);
        assert_eq!(
            shown(Raster::Gray16(array![[0, 7 * 257, 65535]])),
            [0, 7, 255]
        );
        assert_eq!(
            shown(Raster::Palette {
                indices: array![[1, 0]],
                colours: vec![[1; 3], [2; 3]]
            }),
            [2, 1]
        );
    }
}
