//! What is made of the rows at the end of a run. See [`Digest`].

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    Caption, Group, Manifest, NocRow, Percentile, Row, RunError, SummaryRow,
    group::trials,
    means::Summary,
    noc::Noc,
    percentiles::{Percentiles, Pick},
    read_rows, safe_name,
};

/// Means and typical cases, from the rows alone. Rows are read one after the other, and of many trials
/// the IoUs are sorted on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    /// The content of `summary.csv`.
    pub summary: Vec<SummaryRow>,
    /// The content of `noc.csv`.
    pub noc: Vec<NocRow>,
    /// The cases to draw, in the rows' order.
    pub typical: Vec<Typical>,
}

/// A case to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Typical {
    /// Where it belongs.
    pub group: Group,
    /// Where it stands among the group's trials after the last prompt.
    pub percentile: Percentile,
    /// How many trials the group has.
    pub trials: usize,
    /// The trial's last prediction.
    pub row: Row,
    /// The name of its file in `overlays/`: safe, readable, and no other's.
    pub file_name: String,
}

impl Digest {
    /// Reads `rows.csv` of the run that `manifest` describes.
    pub fn read(rows: &Path, manifest: &Manifest) -> Result<Self, RunError> {
        let folder = rows.parent().unwrap_or(Path::new("."));
        let mut summary = Summary::new(manifest.average, folder);
        let mut percentiles = Percentiles::new(folder);
        let mut noc = Noc::default();
        for trial in trials(read_rows(rows)?) {
            let trial = trial?;
            let group = Group::of(&trial[0], manifest)?;
            let last_prompt = manifest.strategies[group.strategy].prompts;
            summary.add(group, &trial, last_prompt)?;
            noc.add(group, &trial, last_prompt);
            percentiles.add(group, &trial)?;
        }
        Ok(Self {
            summary: summary.rows(manifest)?,
            noc: noc.rows(manifest),
            typical: typical(rows, &percentiles.picks()?)?,
        })
    }
}

impl Typical {
    /// Returns what is written below its overlay.
    pub fn caption(&self) -> Caption {
        let row = &self.row;
        let mut title = vec![row.dataset.clone(), row.case.clone(), row.object.clone()];
        if row.slice > 0 {
            title.insert(2, format!("slice {}", row.slice));
        }
        let prompts = match row.prompts {
            1 => "1 prompt".to_owned(),
            prompts => format!("{prompts} prompts"),
        };
        let standing = match (self.trials, self.percentile) {
            (1, _) => "the only one".to_owned(),
            (trials, Percentile::Median) => format!("median of {trials}"),
            (trials, percentile) => format!("{}th percentile of {trials}", percentile as u8),
        };
        Caption {
            title,
            details: vec![
                row.model.clone(),
                row.strategy.clone(),
                prompts,
                format!("IoU {:.3}", row.iou),
                standing,
            ],
        }
    }
}

/// Reads the picked trials from the rows, once more.
fn typical(rows: &Path, picks: &BTreeMap<u64, Pick>) -> Result<Vec<Typical>, RunError> {
    let mut names = BTreeSet::new();
    let mut typical = Vec::with_capacity(picks.len());
    for (number, trial) in (0..).zip(trials(read_rows(rows)?)) {
        let mut trial = trial?;
        if let Some((pick, row)) = picks.get(&number).zip(trial.pop()) {
            typical.push(Typical {
                group: pick.group,
                percentile: pick.percentile,
                trials: pick.trials,
                file_name: file_name(&row, pick.percentile, &mut names),
                row,
            });
        }
    }
    Ok(typical)
}

/// Returns `<dataset>__<object>__<model>__<strategy>__p50.png`, numbered if it was given before:
/// different names may be equal once they are safe.
fn file_name(row: &Row, percentile: Percentile, names: &mut BTreeSet<String>) -> String {
    let group = [&row.dataset, &row.object, &row.model, &row.strategy].map(|name| safe_name(name));
    let stem = safe_name(&group.join("__"));
    let percent = percentile as u8;
    let mut name = format!("{stem}__p{percent}.png");
    let mut number = 2;
    while !names.insert(name.to_lowercase()) {
        name = format!("{stem}-{number}__p{percent}.png");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{
        manifest::tests::manifest,
        rows::{csv_lines, header, tests::row},
    };

    #[test]
    fn the_rows_alone_give_means_and_cases() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("rows.csv");
        let mut rows = Vec::new();
        for (case, iou) in [("a", 0.9), ("b", 0.1), ("c", 0.5), ("d", 0.3)] {
            rows.extend([row(case, "point", 1, 0.05), row(case, "point", 2, iou)]);
            rows.push(row(case, "box", 1, 1.0 - iou));
        }
        let mut text = header(&Row::COLUMNS).into_bytes();
        text.extend(csv_lines(&rows, &path).expect("encodes"));
        std::fs::write(&path, text).expect("writable");

        let digest = Digest::read(&path, &manifest(&[("point", 2), ("box", 1)])).expect("whole");
        assert_eq!(digest.summary.len(), 3);
        let typical: Vec<_> = digest
            .typical
            .iter()
            .map(|case| {
                (
                    case.row.case.as_str(),
                    case.row.prompts,
                    case.file_name.as_str(),
                )
            })
            .collect();
        assert_eq!(
            typical,
            [
                ("a", 1, "chest__lungs__mobile_sam__box__p25.png"),
                ("b", 2, "chest__lungs__mobile_sam__point__p25.png"),
                ("c", 2, "chest__lungs__mobile_sam__point__p75.png"),
                ("c", 1, "chest__lungs__mobile_sam__box__p50.png"),
                ("d", 2, "chest__lungs__mobile_sam__point__p50.png"),
                ("d", 1, "chest__lungs__mobile_sam__box__p75.png"),
            ]
        );
    }

    #[test]
    fn a_caption_says_where_the_case_stands() {
        let row = Row {
            slice: 12,
            ..row("patient 7", "point", 9, 0.8684)
        };
        let typical = |percentile, trials, row| Typical {
            group: Group {
                dataset: 0,
                object: 0,
                model: 0,
                strategy: 0,
            },
            percentile,
            trials,
            row,
            file_name: String::new(),
        };
        let caption = typical(Percentile::Lower, 25, row.clone()).caption();
        assert_eq!(caption.title, ["chest", "patient 7", "slice 12", "lungs"]);
        assert_eq!(
            caption.details,
            [
                "mobile_sam",
                "point",
                "9 prompts",
                "IoU 0.868",
                "25th percentile of 25"
            ]
        );
        let first = Row {
            slice: 0,
            prompts: 1,
            ..row
        };
        let caption = typical(Percentile::Median, 1, first).caption();
        assert_eq!(caption.title, ["chest", "patient 7", "lungs"]);
        assert_eq!(caption.details[2], "1 prompt");
        assert_eq!(caption.details[4], "the only one");
    }

    #[test]
    fn names_that_become_equal_are_numbered() {
        let mut names = BTreeSet::new();
        let mut name =
            |strategy: &str| file_name(&row("a", strategy, 1, 0.5), Percentile::Median, &mut names);
        assert_eq!(name("a/b"), "chest__lungs__mobile_sam__a-b__p50.png");
        assert_eq!(name("a:b"), "chest__lungs__mobile_sam__a-b-2__p50.png");
        assert_eq!(name("A:B"), "chest__lungs__mobile_sam__A-B-3__p50.png");
    }
}
