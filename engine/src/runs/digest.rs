//! What is made of the rows at the end of a run. See [`Digest`].

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    Group, Manifest, Percentile, Row, RunError, SummaryRow, group::trials,
    percentiles::Percentiles, read_rows, safe_name, summary::Summary,
};

/// Means and typical cases, from the rows alone. Rows are read one after the other; per trial only
/// its IoUs are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    /// The content of `summary.csv`.
    pub summary: Vec<SummaryRow>,
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
    /// The trial's last prediction.
    pub row: Row,
    /// The name of its file in `overlays/`: safe, readable, and no other's.
    pub file_name: String,
}

impl Digest {
    /// Reads `rows.csv` of the run that `manifest` describes.
    pub fn read(rows: &Path, manifest: &Manifest) -> Result<Self, RunError> {
        let (mut summary, mut percentiles) = (Summary::default(), Percentiles::default());
        for trial in trials(read_rows(rows)?) {
            let trial = trial?;
            let group = Group::of(&trial[0], manifest)?;
            let last_prompt = manifest.strategies[group.strategy].prompts;
            summary.add(group, &trial, last_prompt);
            percentiles.add(group, &trial);
        }
        Ok(Self {
            summary: summary.rows(manifest),
            typical: typical(rows, &percentiles.picks())?,
        })
    }
}

/// Reads the picked trials from the rows, once more.
fn typical(
    rows: &Path,
    picks: &BTreeMap<u64, (Group, Percentile)>,
) -> Result<Vec<Typical>, RunError> {
    let mut names = BTreeSet::new();
    let mut typical = Vec::with_capacity(picks.len());
    for (number, trial) in (0..).zip(trials(read_rows(rows)?)) {
        let mut trial = trial?;
        if let Some((&(group, percentile), row)) = picks.get(&number).zip(trial.pop()) {
            let file_name = file_name(&row, percentile, &mut names);
            typical.push(Typical {
                group,
                percentile,
                row,
                file_name,
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
    fn names_that_become_equal_are_numbered() {
        let mut names = BTreeSet::new();
        let mut name =
            |strategy: &str| file_name(&row("a", strategy, 1, 0.5), Percentile::Median, &mut names);
        assert_eq!(name("a/b"), "chest__lungs__mobile_sam__a-b__p50.png");
        assert_eq!(name("a:b"), "chest__lungs__mobile_sam__a-b-2__p50.png");
        assert_eq!(name("A:B"), "chest__lungs__mobile_sam__A-B-3__p50.png");
    }
}
