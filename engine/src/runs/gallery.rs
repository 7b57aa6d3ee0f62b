//! Draws the typical cases of a run. See [`draw_typical`].

use std::{collections::BTreeMap, ops::ControlFlow};

use rayon::prelude::*;

use super::{
    Exhibit, Overlay, PredictedMask, Rle, RunError, RunFolder, TrialId, Typical,
    exhibit::{write_gallery, write_picture},
    find_predictions,
};
use crate::datasets::{Dataset, SliceData};

/// A typical case that could not be drawn, though it was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undrawn {
    /// The name its file would have.
    pub file_name: String,
    /// What was wrong, with the file to look at.
    pub reason: String,
}

/// The predictions to draw, by trial and number of prompts.
type Masks = BTreeMap<(TrialId, u32), PredictedMask>;

/// Draws every typical case into the folder's overlays, and writes what a page needs of it (see
/// [`Exhibit`]); no model is needed. `datasets` are those of the manifest, in its order: each case is
/// read once more, for its pixels and truth.
///
/// Returns what could not be drawn because the data have changed or gone since they were played.
///
/// # Errors
/// The predictions cannot be read, or an overlay not be written.
pub fn draw_typical(
    folder: &RunFolder,
    typical: &[Typical],
    datasets: &[Box<dyn Dataset>],
) -> Result<Vec<Undrawn>, RunError> {
    let wanted = typical.iter().map(key).collect();
    let masks = find_predictions(&folder.predictions(), &wanted)?;
    let mut cases: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in typical {
        let case = (one.group.dataset, one.row.case.as_str());
        cases.entry(case).or_default().push(one);
    }
    let cases: Vec<_> = cases.into_iter().collect();
    let drawn: Result<Vec<_>, _> = cases
        .par_iter()
        .map(|&((dataset, case), ref typical)| {
            draw_case(folder, typical, &masks, &*datasets[dataset], case)
        })
        .collect();
    let (mut exhibits, mut undrawn) = (Vec::new(), Vec::new());
    for case in drawn? {
        exhibits.extend(case.exhibits);
        undrawn.extend(case.undrawn);
    }
    let place = |exhibit: &Exhibit| {
        typical
            .iter()
            .position(|one| one.file_name == exhibit.overlay)
    };
    exhibits.sort_by_key(place);
    write_gallery(&folder.gallery(), &exhibits)?;
    Ok(undrawn)
}

/// What became of the typical trials of one case.
#[derive(Default)]
struct Drawn {
    exhibits: Vec<Exhibit>,
    undrawn: Vec<Undrawn>,
}

fn key(typical: &Typical) -> (TrialId, u32) {
    (typical.row.trial(), typical.row.prompts)
}

/// Draws what is typical in one case.
fn draw_case(
    folder: &RunFolder,
    typical: &[&Typical],
    masks: &Masks,
    dataset: &dyn Dataset,
    case: &str,
) -> Result<Drawn, RunError> {
    let mut left = typical.to_vec();
    let mut drawn = Drawn::default();
    let mut error = None;
    let mut draw = |slice: SliceData| {
        let (here, elsewhere) = left.iter().partition(|one| one.row.slice == slice.index);
        left = elsewhere;
        let here: Vec<&Typical> = here;
        for one in here {
            match draw_one(folder, one, masks, &slice) {
                Ok(Ok(exhibit)) => drawn.exhibits.push(exhibit),
                Ok(Err(reason)) => drawn.undrawn.push(Undrawn {
                    file_name: one.file_name.clone(),
                    reason,
                }),
                Err(failed) => error = Some(failed),
            }
        }
        if left.is_empty() || error.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let number = dataset.find(case).next();
    let reason = match number.map(|number| dataset.read(number, &mut draw)) {
        Some(Ok(_)) => format!("{case}: the slice is no longer there"),
        Some(Err(error)) => error.to_string(),
        None => format!("{case}: the case is no longer there"),
    };
    drawn.undrawn.extend(left.into_iter().map(|one| Undrawn {
        file_name: one.file_name.clone(),
        reason: reason.clone(),
    }));
    error.map_or(Ok(drawn), Err)
}

/// Draws one overlay. The inner error says why the prediction does not fit the slice as it is now.
fn draw_one(
    folder: &RunFolder,
    typical: &Typical,
    masks: &Masks,
    slice: &SliceData,
) -> Result<Result<Exhibit, String>, RunError> {
    let object = typical.group.object;
    let Some(truth) = slice.masks.iter().find(|mask| mask.object == object) else {
        return Ok(Err("the object is no longer there".to_owned()));
    };
    let Some(predicted) = masks.get(&key(typical)) else {
        return Ok(Err("predictions.jsonl lacks it".to_owned()));
    };
    let (height, width) = truth.bitmap.dim();
    let prediction = match predicted.segmentation.decode([height, width]) {
        Ok(prediction) => prediction,
        Err(error) => return Ok(Err(format!("the prediction is {error}"))),
    };
    let overlay = Overlay {
        pixels: slice.pixels.view(),
        truth: truth.bitmap.view(),
        prediction: prediction.view(),
        calls: &predicted.calls,
        caption: &typical.caption(),
    };
    overlay.write(&folder.overlays().join(&typical.file_name))?;
    let exhibit = Exhibit {
        trial: typical.row.trial(),
        percentile: typical.percentile,
        trials: typical.trials,
        overlay: typical.file_name.clone(),
        truth: Rle::encode(truth.bitmap.view()),
    };
    // Trials of one slice share its picture, and are drawn one after the other.
    let picture = folder.pictures().join(exhibit.picture());
    if !picture.exists() {
        write_picture(&picture, slice.pixels.view())?;
    }
    Ok(Ok(exhibit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        datasets::{CaseSource, DatasetError, ObjectMask, Origin, SliceCount},
        entities::{Call, Shown},
        runs::{
            CaseKey, Digest, Results, Rle, Row, manifest::tests::manifest, read_gallery,
            results::tests::finished, rows::tests::row,
        },
    };
    use ndarray::{Array2, Array3};

    /// Two cases of three slices; the object is a square.
    struct Squares {
        cases: Vec<CaseSource>,
        size: usize,
    }

    fn squares(ids: &[&str], size: usize) -> Box<dyn Dataset> {
        let cases = ids.iter().map(|&id| CaseSource {
            id: id.to_owned(),
            path: id.into(),
        });
        Box::new(Squares {
            cases: cases.collect(),
            size,
        })
    }

    impl Dataset for Squares {
        fn name(&self) -> &'static str {
            "chest"
        }

        fn objects(&self) -> &[String] {
            &[]
        }

        fn case_count(&self) -> usize {
            self.cases.len()
        }

        fn case(&self, case: usize) -> CaseSource {
            self.cases[case].clone()
        }

        fn read(
            &self,
            _case: usize,
            sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
        ) -> Result<SliceCount, DatasetError> {
            let mut count = SliceCount::default();
            for index in 0..3 {
                let bitmap = square(self.size);
                let slice = SliceData {
                    index,
                    pixels: Array3::from_elem((self.size, self.size, 3), 80),
                    foreground: bitmap.clone(),
                    masks: vec![ObjectMask { object: 0, bitmap }],
                    spacing_mm: None,
                    origin: Origin::default(),
                };
                count.with_object += 1;
                if sink(slice).is_break() {
                    break;
                }
            }
            Ok(count)
        }
    }

    fn square(size: usize) -> Array2<bool> {
        Array2::from_shape_fn((size, size), |(y, x)| y > size / 3 && x > size / 2)
    }

    /// A finished run of three trials on 32 × 32 pixels.
    fn run(out: &std::path::Path) -> (RunFolder, Digest) {
        let folder = RunFolder::create(out, &manifest(&[("point", 1)]), false).expect("writable");
        let mut results = Results::open(&folder).expect("writable");
        for (case, slice, iou) in [("a", 1, 0.2), ("b", 0, 0.4), ("b", 2, 0.6)] {
            let row = Row {
                slice,
                ..row(case, "point", 1, iou)
            };
            let prediction = PredictedMask {
                trial: row.trial(),
                prompts: 1,
                calls: vec![Call::default()],
                added: Shown::default(),
                segmentation: Rle::encode(square(32).view()),
            };
            let key = CaseKey {
                dataset: 0,
                case: case.to_owned(),
            };
            results
                .finish_case(key, &finished(&[row], &[prediction]))
                .expect("writable");
        }
        results.finish().expect("writable");
        let digest = Digest::read(&folder.rows(), &manifest(&[("point", 1)])).expect("whole");
        (folder, digest)
    }

    #[test]
    fn typical_cases_are_drawn_without_a_model() {
        let out = tempfile::tempdir().expect("a temporary folder");
        let (folder, digest) = run(out.path());
        let datasets = [squares(&["a", "b"], 32)];
        let undrawn = draw_typical(&folder, &digest.typical, &datasets).expect("writable");
        assert_eq!(undrawn, []);
        assert_eq!(digest.typical.len(), 3);
        let gallery = read_gallery(&folder.gallery()).expect("whole");
        let overlays: Vec<_> = gallery.iter().map(|exhibit| &exhibit.overlay).collect();
        let names: Vec<_> = digest.typical.iter().map(|one| &one.file_name).collect();
        assert_eq!(overlays, names, "in the order of the rows");
        for exhibit in &gallery {
            assert_eq!(exhibit.truth.decode([32, 32]).expect("whole"), square(32));
            let picture = folder.pictures().join(exhibit.picture());
            assert_eq!(
                image::image_dimensions(picture).expect("a picture"),
                (32, 32)
            );
        }
        for typical in &digest.typical {
            let path = folder.overlays().join(&typical.file_name);
            let drawn = image::image_dimensions(path).expect("an image");
            assert_eq!(drawn.0, 1024);
        }
    }

    #[test]
    fn data_that_changed_are_told_and_do_not_stop_the_others() {
        let out = tempfile::tempdir().expect("a temporary folder");
        let (folder, digest) = run(out.path());
        let draw = |datasets: [Box<dyn Dataset>; 1]| -> Vec<String> {
            let undrawn = draw_typical(&folder, &digest.typical, &datasets).expect("writable");
            undrawn.into_iter().map(|one| one.reason).collect()
        };
        assert_eq!(
            draw([squares(&["b"], 32)]),
            ["a: the case is no longer there"]
        );
        let resized = draw([squares(&["a", "b"], 30)]);
        assert_eq!(resized.len(), 3);
        assert!(
            resized[0].contains("[32, 32] pixels, expected [30, 30]"),
            "{resized:?}"
        );
    }
}
