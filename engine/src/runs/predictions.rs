//! `predictions.jsonl`: prompts and chosen mask of every prediction. See [`PredictedMask`].

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{Rle, Row, RunError, TrialId, json_lines::read_json_lines, read_rows};
use crate::entities::{Call, Shown};

/// One line of `predictions.jsonl`: what a figure needs of a prediction without the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictedMask {
    /// The trial, whose fields are keys of the line.
    #[serde(flatten)]
    pub trial: TrialId,
    /// The prompts so far, from 1, as in the row.
    pub prompts: u32,
    /// What the model was given, in one or several calls whose masks were united.
    pub calls: Vec<Call>,
    /// How much of that is new: the last clicks of each call, and the last boxes of all.
    #[serde(default)]
    pub added: Shown,
    /// The candidate that counts, on the slice's grid.
    pub segmentation: Rle,
}

/// Reads rows and predictions side by side: they are in the same order.
///
/// # Errors
/// A file cannot be opened. The iterator's errors name the line that is of another prediction, or none.
pub(super) fn rows_with_masks(
    rows: &Path,
    predictions: &Path,
) -> Result<impl Iterator<Item = Result<(Row, PredictedMask), RunError>>, RunError> {
    let mut masks = read_json_lines::<PredictedMask>(predictions)?;
    let path = predictions.to_owned();
    let pairs = (1..).zip(read_rows(rows)?).map(move |(line, row)| {
        let row = row?;
        let mask = masks.next().transpose()?.filter(|mask| {
            // Field by field: a trial's name would cost as much as the reading.
            mask.prompts == row.prompts && row.is_of(&mask.trial)
        });
        match mask {
            Some(mask) => Ok((row, mask)),
            None => Err(RunError::Malformed {
                path: path.clone(),
                line,
                reason: "not the prediction of this line's row".to_owned(),
            }),
        }
    });
    Ok(pairs)
}

/// Reads `predictions.jsonl` line by line and keeps the wanted predictions (trial and prompts).
///
/// # Errors
/// The file cannot be read, or a line is no prediction.
pub fn find_predictions(
    path: &Path,
    wanted: &BTreeSet<(TrialId, u32)>,
) -> Result<BTreeMap<(TrialId, u32), PredictedMask>, RunError> {
    let mut found = BTreeMap::new();
    for prediction in read_json_lines(path)? {
        let prediction: PredictedMask = prediction?;
        let key = (prediction.trial.clone(), prediction.prompts);
        if wanted.contains(&key) {
            found.insert(key, prediction);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::json_lines::json_lines;
    use crate::{
        entities::{Click, PixelBox},
        runs::rows::tests::row,
    };
    use ndarray::Array2;

    fn prediction(case: &str, prompts: u32) -> PredictedMask {
        let bitmap = Array2::from_shape_fn((9, 7), |(y, x)| (y + x) % 3 == 0);
        PredictedMask {
            trial: row(case, "point", prompts, 0.5).trial(),
            prompts,
            calls: vec![Call {
                clicks: vec![Click {
                    x: 1,
                    y: 2,
                    positive: true,
                }],
                bounds: Some(PixelBox {
                    x0: 0,
                    y0: 1,
                    x1: 4,
                    y1: 5,
                }),
            }],
            added: Shown {
                clicks: 1,
                boxes: 1,
            },
            segmentation: Rle::encode(bitmap.view()),
        }
    }

    #[test]
    fn the_wanted_predictions_are_found() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("predictions.jsonl");
        let all: Vec<_> = [("a", 1), ("a", 2), ("b\n\"", 1)]
            .map(|(case, prompts)| prediction(case, prompts))
            .into();
        std::fs::write(&path, json_lines(&all, &path).expect("encodes")).expect("writable");
        let wanted = all[1..].iter().map(|p| (p.trial.clone(), p.prompts));
        let found = find_predictions(&path, &wanted.collect()).expect("whole");
        assert_eq!(found.into_values().collect::<Vec<_>>(), all[1..]);
    }

    #[test]
    fn a_torn_line_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("predictions.jsonl");
        let lines = json_lines(&[prediction("a", 1), prediction("a", 2)], &path).expect("encodes");
        std::fs::write(&path, &lines[..lines.len() - 9]).expect("writable");
        let error = find_predictions(&path, &BTreeSet::new()).expect_err("torn");
        assert!(
            matches!(error, RunError::Malformed { line: 2, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_line_has_plain_keys() {
        let line = json_lines(&[prediction("a", 1)], Path::new("p")).expect("encodes");
        assert_eq!(
            std::str::from_utf8(&line).expect("text"),
            concat!(
                r#"{"dataset":"chest","case":"a","slice":0,"object":"lungs","model":"mobile_sam","#,
                r#""strategy":"point","repeat":0,"prompts":1,"calls":[{"clicks":[{"x":1,"y":2,"#,
                r#""positive":true}],"bounds":{"x0":0,"y0":1,"x1":4,"y1":5}}],"added":{"clicks":1,"#,
                r#""boxes":1},"segmentation":"#,
                r#"{"size":[9,7],"counts":"SEGMENT"}}"#,
                "\n"
            )
            .replace(
                "SEGMENT",
                &prediction("a", 1).segmentation.counts.replace('\\', "\\\\")
            )
        );
    }
}
