//! What the masks of one picture say. See [`Truth`].

use ndarray::Array2;

use super::{FolderPair, mask_image::MaskImage};
use crate::{
    datasets::{CaseSource, DatasetError, Inside, files::pairing::MaskFile},
    formats::raster,
};

/// What the masks of one image say.
pub(super) struct Truth {
    /// One per object, if it has a mask.
    pub(super) bitmaps: Vec<Option<Array2<bool>>>,
    pub(super) foreground: Array2<bool>,
}

impl Truth {
    /// Returns what more than half of them say.
    pub(super) fn majority(mut truths: Vec<Self>) -> Self {
        let Some(last) = truths.pop() else {
            unreachable!("a case has masks");
        };
        if truths.is_empty() {
            return last;
        }
        truths.push(last);
        let bitmaps = (0..truths[0].bitmaps.len()).map(|object| {
            let given = truths
                .iter()
                .filter_map(|truth| truth.bitmaps[object].as_ref());
            most(&given.collect::<Vec<_>>(), truths.len())
        });
        let foregrounds: Vec<_> = truths.iter().map(|truth| &truth.foreground).collect();
        Self {
            bitmaps: bitmaps.collect(),
            foreground: most(&foregrounds, truths.len()).expect("every truth has a foreground"),
        }
    }

    /// Returns how many pixels each object has, as of a volume of one slice.
    pub(super) fn areas(&self) -> Vec<Vec<usize>> {
        let count = |bitmap: &Array2<bool>| bitmap.iter().filter(|&&inside| inside).count();
        let bitmaps = self.bitmaps.iter();
        bitmaps
            .map(|bitmap| vec![bitmap.as_ref().map_or(0, count)])
            .collect()
    }
}

fn unite(all: &mut Array2<bool>, more: &Array2<bool>) {
    all.zip_mut_with(more, |all, more| *all |= more);
}

/// Returns where more than half of so many raters see something; `None` if no one does.
fn most(bitmaps: &[&Array2<bool>], raters: usize) -> Option<Array2<bool>> {
    let mut votes = Array2::from_elem(bitmaps.first()?.dim(), 0_usize);
    for bitmap in bitmaps {
        votes.zip_mut_with(bitmap, |votes, &inside| *votes += usize::from(inside));
    }
    Some(votes.mapv(|votes| 2 * votes > raters))
}

impl FolderPair {
    /// Reads masks of one image of this size into one bitmap per object, and the foreground.
    pub(super) fn read_masks(
        &self,
        source: &CaseSource,
        files: &[&MaskFile],
        size: [usize; 2],
    ) -> Result<Truth, DatasetError> {
        let mut truth = Truth {
            bitmaps: vec![None; self.files.objects.len()],
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
            let mut rules: Vec<&Inside> = Vec::new();
            for index in self.files.shown_in(file) {
                let object = &self.files.objects[index];
                let bitmap = &mut truth.bitmaps[index];
                unite(
                    bitmap.get_or_insert_with(|| Array2::from_elem(size, false)),
                    &mask.inside(&object.inside)?,
                );
                rules.push(&object.inside);
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
    pub(super) fn describe(&self, file: &MaskFile) -> Result<String, DatasetError> {
        let raster = raster::read(&file.path)?;
        let mask = MaskImage {
            path: &file.path,
            raster: &raster,
            colours: &self.colours,
        };
        Ok(mask.describe())
    }
}
