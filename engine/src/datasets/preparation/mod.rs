//! What is done to every dataset alike between its files and the models: which cases and slices are
//! taken, what counts as an object there, what of a slice is shown. See [`Preparation`].

mod choice;
mod crop;

use std::path::Path;

use serde::Deserialize;

pub(super) use choice::Chosen;
pub use choice::{Cases, Slices};
pub use crop::Crop;

use super::{DatasetError, ObjectMask, SliceData};
use crate::{entities::Regions, scenario::Count};

/// How cases are prepared, whatever files they come from. What is left out changes nothing.
///
/// ```ron
/// prepare: (
///     cases: sample(count: 20, seed: 1),  // or all
///     slices: every(5),                   // or with_object, largest, sample(count: 5)
///     min_pixels: 20,                     // smaller objects are no tasks
///     components: 3,                      // the three largest connected parts, each a task
///     crop: centre(256, 256),             // or rectangle(…), objects(margin: 16)
///     empty: skip,                        // or fail: a case without any object
/// )
/// ```
///
/// The steps follow one another in this order; see [`choose`](Self::choose) and
/// [`finish`](Self::finish).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preparation {
    /// Which cases are played; by default all.
    pub cases: Option<Cases>,
    /// Which slices of a case are played; by default all with an object.
    pub slices: Option<Slices>,
    /// How many pixels of a slice an object must have there, before cropping, to be a task; by
    /// default one.
    pub min_pixels: Option<u32>,
    /// How many 8-connected parts of an object in a slice become tasks of their own, the largest
    /// first: objects `name_1`, `name_2` and so on; with 1, only the largest part counts and the
    /// name stays. By default an object is one task, whatever its parts.
    pub components: Option<Count>,
    /// What of a slice is shown; by default all.
    pub crop: Option<Crop>,
    /// What to do with a case of which no slice is left; by default it fails.
    pub empty: Option<Empty>,
}

/// What to do with a case without any object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// It fails, and says what its masks hold instead.
    #[default]
    Fail,
    /// It is passed over.
    Skip,
}

impl Preparation {
    /// Returns this preparation, with what it leaves out taken from another.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        Self {
            cases: self.cases.or(base.cases),
            slices: self.slices.or(base.slices),
            min_pixels: self.min_pixels.or(base.min_pixels),
            components: self.components.or(base.components),
            crop: self.crop.or(base.crop),
            empty: self.empty.or(base.empty),
        }
    }

    /// Returns whether a case of which no slice is left is passed over.
    pub(super) fn skips_empty(&self) -> bool {
        self.empty.unwrap_or_default() == Empty::Skip
    }

    /// Returns the names of the tasks' objects, given those of the objects.
    pub(super) fn name_objects(&self, names: Vec<String>) -> Vec<String> {
        let parts = self.parts();
        if parts < 2 {
            return names;
        }
        let numbered = |name: &String| {
            let name = name.clone();
            (1..=parts).map(move |part| format!("{name}_{part}"))
        };
        names.iter().flat_map(numbered).collect()
    }

    /// How many tasks an object may become in a slice.
    fn parts(&self) -> usize {
        self.components.map_or(1, |count| count.get() as usize)
    }

    /// How many pixels make an object a task.
    fn least(&self) -> usize {
        self.min_pixels.unwrap_or(1).max(1) as usize
    }

    /// Splits the objects of a slice into their parts, leaves out the small ones, and crops. `None`
    /// if no task is left. Objects of `slice` are counted as in the masks; those returned as in
    /// [`name_objects`](Self::name_objects). The foreground keeps what is no task.
    pub(super) fn finish(&self, mut slice: SliceData) -> Option<SliceData> {
        let least = self.least();
        if self.components.is_some() {
            let split = |mask: &ObjectMask| split(mask, self.parts(), least);
            slice.masks = slice.masks.iter().flat_map(split).collect();
        } else if least > 1 {
            slice.masks.retain(|mask| area(mask) >= least);
        }
        match self.crop {
            _ if slice.masks.is_empty() => None,
            Some(crop) => crop.cut(slice),
            None => Some(slice),
        }
    }
}

/// Says that a case has objects, but none that is left; `None` if it has none. `areas` has the pixels
/// of each object in each slice.
pub(super) fn left_out(path: &Path, areas: &[Vec<usize>]) -> Option<DatasetError> {
    let most = areas.iter().flatten().copied().max();
    most.filter(|&pixels| pixels > 0)
        .map(|pixels| DatasetError::NothingLeft {
            path: path.to_owned(),
            pixels,
        })
}

fn area(mask: &ObjectMask) -> usize {
    mask.bitmap.iter().filter(|&&inside| inside).count()
}

/// Returns the largest parts of an object, at most `parts`, each of at least so many pixels.
fn split(mask: &ObjectMask, parts: usize, least: usize) -> Vec<ObjectMask> {
    let regions = Regions::of(mask.bitmap.view());
    let largest = regions.by_area.iter().take(parts);
    largest
        .take_while(|region| region.area >= least)
        .enumerate()
        .map(|(part, region)| ObjectMask {
            object: mask.object * parts + part,
            bitmap: regions.bitmap(region),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3};
    use proptest::prelude::*;

    use super::*;

    fn slice(objects: &[&str]) -> SliceData {
        let bitmap = |rows: &str| {
            let rows: Vec<&str> = rows.split(' ').collect();
            Array2::from_shape_fn((rows.len(), rows[0].len()), |(y, x)| {
                rows[y].as_bytes()[x] == b'#'
            })
        };
        let masks = objects.iter().enumerate();
        let masks: Vec<_> = masks
            .map(|(object, rows)| ObjectMask {
                object,
                bitmap: bitmap(rows),
            })
            .collect();
        let (height, width) = masks[0].bitmap.dim();
        SliceData {
            index: 0,
            pixels: Array3::from_shape_fn((height, width, 3), |(y, x, _)| (10 * y + x) as u8),
            foreground: Array2::from_elem((height, width), true),
            masks,
            spacing_mm: None,
            origin: crate::datasets::Origin::default(),
        }
    }

    fn tasks(preparation: &Preparation, objects: &[&str]) -> Vec<(usize, usize)> {
        let slice = preparation.finish(slice(objects));
        let masks = slice.map_or_else(Vec::new, |slice| slice.masks);
        masks.iter().map(|mask| (mask.object, area(mask))).collect()
    }

    fn count(number: u32) -> Count {
        Count::try_from(number).expect("in range")
    }

    #[test]
    fn parts_become_objects_the_largest_first() {
        let split = Preparation {
            components: Some(count(2)),
            ..Preparation::default()
        };
        // Parts of 5 (by their corners) and 2 pixels; and an object of one part.
        let objects = ["#..#. .##.. .#..# ....#", "..... ..... ..... ###.."];
        assert_eq!(tasks(&split, &objects), [(0, 5), (1, 2), (2, 3)]);
        let names = ["lesion", "liver"].map(str::to_owned).to_vec();
        assert_eq!(
            split.name_objects(names.clone()),
            ["lesion_1", "lesion_2", "liver_1", "liver_2"]
        );
        let largest = Preparation {
            components: Some(count(1)),
            ..Preparation::default()
        };
        assert_eq!(largest.name_objects(names.clone()), names);
        assert_eq!(tasks(&largest, &objects), [(0, 5), (1, 3)]);
        let large = Preparation {
            min_pixels: Some(3),
            ..split
        };
        assert_eq!(tasks(&large, &objects), [(0, 5), (2, 3)]);
    }

    #[test]
    fn small_objects_are_no_tasks_but_stay_in_the_foreground() {
        let large = Preparation {
            min_pixels: Some(2),
            ..Preparation::default()
        };
        let prepared = large.finish(slice(&["#... ....", ".##. ...."]));
        let prepared = prepared.expect("the second object is large enough");
        assert_eq!(prepared.masks.len(), 1);
        assert_eq!(prepared.masks[0].object, 1);
        assert!(prepared.foreground.iter().all(|&inside| inside));
        assert!(large.finish(slice(&["#..# ...."])).is_some(), "two pixels");
        assert!(large.finish(slice(&["#... ...."])).is_none());
    }

    #[test]
    fn one_preparation_is_laid_over_another() {
        let base = Preparation {
            empty: Some(Empty::Skip),
            min_pixels: Some(5),
            ..Preparation::default()
        };
        let over = Preparation {
            min_pixels: Some(9),
            slices: Some(Slices::Largest),
            ..Preparation::default()
        };
        let both = over.over(&base);
        assert!(both.skips_empty() && !over.skips_empty());
        assert_eq!(
            (both.min_pixels, both.slices),
            (Some(9), Some(Slices::Largest))
        );
    }

    proptest! {
        #[test]
        fn parts_make_up_the_object(bits in prop::collection::vec(any::<bool>(), 42)) {
            let bitmap = Array2::from_shape_vec((6, 7), bits).expect("42 pixels");
            let mask = ObjectMask { object: 1, bitmap };
            let parts = split(&mask, 42, 1);
            prop_assert!(parts.iter().map(area).is_sorted_by(|a, b| a >= b));
            prop_assert!(parts.iter().all(|part| (42..84).contains(&part.object)));
            let mut union = Array2::from_elem((6, 7), 0_u32);
            for part in &parts {
                union.zip_mut_with(&part.bitmap, |all, &inside| *all += u32::from(inside));
            }
            prop_assert_eq!(union, mask.bitmap.mapv(u32::from));
        }
    }
}
