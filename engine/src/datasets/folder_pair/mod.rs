//! A folder of images and a folder of masks. See [`FolderPairSpec`].

mod mask_image;
mod truth;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use ndarray::{Array3, Axis};
use serde::Deserialize;

use truth::Truth;

use super::{
    CaseSource, Dataset, DatasetError, Inside, ObjectMask, ObjectSpec, Origin, Pattern,
    Preparation, Raters, Several, SliceCount, SliceData, Unpaired,
    files::pairing::Layout,
    intensity::{
        normalise::{self, Mapping, Positive, Step},
        spread::Histogram,
    },
    paired::{Declaration, Paired},
    preparation,
};
use crate::{
    formats::raster::{self, Raster},
    scenario::Name,
};

/// Pictures and their masks: PNG, JPEG, BMP, TIFF or NumPy arrays, in two folders (or one).
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
///     raters: majority,               // or one("r1"), as_objects, as_cases: needs {rater}
///     unpaired: fail,                 // or skip
///     normalise: [divide_by_max(slice)],
///     prepare: (min_pixels: 20),      // see Preparation
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
    /// What masks are called; has the same placeholders as `image_name`, and may have `{object}`,
    /// `{n}` and `{rater}`.
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
    /// What to do with the masks of several people.
    #[serde(default)]
    pub raters: Raters,
    /// What to do with an image without a mask, or a mask without an image.
    #[serde(default)]
    pub unpaired: Unpaired,
    /// From stored values to the 8 bits that models see. An empty list shows 8 bits as they are and
    /// scales down 16.
    #[serde(default = "normalise::divide_by_max")]
    pub normalise: Vec<Step>,
    /// What else is done to every case.
    #[serde(default)]
    pub prepare: Preparation,
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
    files: Paired,
    /// All colours that objects are declared by.
    colours: Vec<[u8; 3]>,
}

impl FolderPair {
    /// Lists images and masks and joins them.
    pub(super) fn open(spec: &FolderPairSpec, base_dir: &Path) -> Result<Self, DatasetError> {
        let files = Paired::open(Declaration {
            dataset: &spec.name,
            layout: Layout {
                images: base_dir.join(&spec.images),
                masks: base_dir.join(&spec.masks),
                image_name: spec.image_name.clone(),
                mask_name: spec.mask_name.clone(),
                mask_field: "mask_name",
                extensions: raster::EXTENSIONS,
                unpaired: spec.unpaired,
            },
            objects: &spec.objects,
            inside: &spec.inside,
            several: spec.several,
            raters: &spec.raters,
            normalise: &spec.normalise,
            prepare: &spec.prepare,
        })?;
        let mut colours = Vec::new();
        for object in &files.objects {
            if let Inside::Colour(r, g, b) = object.inside {
                colours.push([r, g, b]);
            }
        }
        Ok(Self {
            spec: spec.clone(),
            files,
            colours,
        })
    }
}

impl Dataset for FolderPair {
    fn name(&self) -> &str {
        &self.files.name
    }

    fn objects(&self) -> &[String] {
        &self.files.names
    }

    fn case_count(&self) -> usize {
        self.files.sources.len()
    }

    fn case(&self, case: usize) -> CaseSource {
        self.files.sources[case].clone()
    }

    fn remarks(&self) -> Vec<String> {
        self.files.remarks()
    }

    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError> {
        let (source, groups) = self.files.case(case)?;
        let image = raster::read(&source.path)?;
        let truths = groups
            .iter()
            .map(|files| self.read_masks(source, files, image.size()))
            .collect::<Result<_, _>>()?;
        let mut truth = Truth::majority(truths);

        let areas = truth.areas();
        let prepare = &self.spec.prepare;
        let chosen = prepare.choose(&source.id, &areas).pop();
        let slice = chosen.and_then(|chosen| {
            let take = |object: usize| {
                let bitmap = truth.bitmaps[object].take()?;
                Some(ObjectMask { object, bitmap })
            };
            prepare.finish(SliceData {
                index: 0,
                pixels: show(&image, &self.spec.normalise),
                masks: chosen.objects.into_iter().filter_map(take).collect(),
                foreground: truth.foreground,
                spacing_mm: self
                    .spec
                    .spacing_mm
                    .map(|spacing| spacing.map(Positive::get)),
                origin: Origin::default(),
            })
        });
        match slice {
            Some(slice) => {
                // A sink that breaks wants no further slice; there is none.
                let _ = sink(slice);
                Ok(SliceCount {
                    with_object: 1,
                    empty: 0,
                })
            }
            None if prepare.skips_empty() => Ok(SliceCount {
                with_object: 0,
                empty: 1,
            }),
            None => Err(match preparation::left_out(&source.path, &areas) {
                Some(error) => error,
                None => DatasetError::NoObject {
                    path: source.path.clone(),
                    seen: self.describe(groups[0][0])?,
                },
            }),
        }
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
    let mapping = Mapping::find(steps, 1.0, (kinds - 1) as f64, &mut slice, &mut volume);
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
