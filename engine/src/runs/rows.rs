//! `rows.csv`, written and read. See [`read_rows`].

use std::{fs::File, io::Read, path::Path};

use serde::{Serialize, de::DeserializeOwned};

use super::{Row, RunError, error::reading};
use crate::metrics::Wanted;

impl Row {
    /// The columns that `rows.csv` always has, in order.
    pub const COLUMNS: [&str; 29] = [
        "dataset",
        "case",
        "slice",
        "object",
        "model",
        "strategy",
        "protocol",
        "repeat",
        "prompts",
        "x",
        "y",
        "label",
        "ties",
        "clicks",
        "boxes",
        "chosen",
        "iou",
        "iou_first",
        "iou_best",
        "iou_oracle",
        "iou_single",
        "dice",
        "precision",
        "recall",
        "predicted_iou",
        "area_truth",
        "area_predicted",
        "regions",
        "contrast",
    ];

    /// Returns the columns of a run that measures what is `wanted`, in order.
    pub fn columns(wanted: Wanted) -> Vec<&'static str> {
        let more = [
            ("unit", wanted.has_unit()),
            ("boundary_iou", wanted.boundary_iou),
            ("hd95", wanted.hd95),
            ("assd", wanted.assd),
            ("nsd", wanted.nsd.is_some()),
        ];
        let more = more.into_iter().filter(|&(_, is_there)| is_there);
        let more = more.map(|(column, _)| column);
        Self::COLUMNS.into_iter().chain(more).collect()
    }
}

/// Reads `rows.csv` line by line, without holding more than one. Columns that old runs lack, or
/// that the scenario did not ask for, may be missing.
///
/// # Errors
/// The file cannot be opened. The iterator's errors name the line that is no row.
pub fn read_rows(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Row, RunError>> + use<>, RunError> {
    read_lines(path)
}

/// Reads a CSV file with a header line by line, as [`read_rows`].
pub(super) fn read_lines<T: DeserializeOwned>(
    path: &Path,
) -> Result<impl Iterator<Item = Result<T, RunError>> + use<T>, RunError> {
    let file = File::open(path).map_err(reading(path))?;
    Ok(parse(file, path))
}

fn parse<T: DeserializeOwned, R: Read>(
    source: R,
    path: &Path,
) -> impl Iterator<Item = Result<T, RunError>> + use<T, R> {
    let path = path.to_owned();
    let mut reader = csv::Reader::from_reader(source);
    // A header that cannot be read is the first line's error too.
    let columns = reader.headers().cloned().unwrap_or_default();
    reader
        .into_deserialize()
        .map(move |line| line.map_err(|error| malformed(error, &path, &columns)))
}

fn malformed(error: csv::Error, path: &Path, columns: &csv::StringRecord) -> RunError {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(source) => reading(path)(source),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => RunError::Malformed {
            path: path.to_owned(),
            line,
            reason: format!("{len} columns, expected {expected_len}"),
        },
        csv::ErrorKind::Deserialize { err, .. } => RunError::Malformed {
            path: path.to_owned(),
            line,
            reason: match err.field().and_then(|field| columns.get(field as usize)) {
                Some(column) => format!("column {column:?}: {}", err.kind()),
                None => err.kind().to_string(),
            },
        },
        kind => RunError::Malformed {
            path: path.to_owned(),
            line,
            reason: format!("{kind:?}"),
        },
    }
}

/// Writes records as CSV lines with `\n` ends, without a header.
///
/// Numbers are the shortest text that reads back as the same bits, so equal results are equal bytes.
pub(super) fn csv_lines<R: Serialize>(records: &[R], path: &Path) -> Result<Vec<u8>, RunError> {
    let encode = |error: csv::Error| RunError::Encode {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    for record in records {
        writer.serialize(record).map_err(encode)?;
    }
    writer.into_inner().map_err(|error| RunError::Encode {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// Returns the header line of the columns.
pub(super) fn header(columns: &[&str]) -> String {
    columns.join(",") + "\n"
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::metrics::Unit;
    use proptest::prelude::*;

    /// A row of the trial (`case`, `strategy`) with the given prompt count and IoU.
    pub(in crate::runs) fn row(case: &str, strategy: &str, prompts: u32, iou: f64) -> Row {
        Row {
            dataset: "chest".to_owned(),
            case: case.to_owned(),
            slice: 0,
            object: "lungs".to_owned(),
            model: "mobile_sam".to_owned(),
            strategy: strategy.to_owned(),
            protocol: "paper_code".to_owned(),
            repeat: 0,
            prompts,
            x: Some(3),
            y: Some(4),
            label: Some(1),
            ties: Some(2),
            clicks: prompts as usize,
            boxes: 0,
            chosen: 1,
            iou,
            iou_first: iou,
            iou_best: iou / 2.0,
            iou_oracle: iou,
            iou_single: iou / 3.0,
            dice: 2.0 * iou / (1.0 + iou),
            precision: iou,
            recall: iou,
            predicted_iou: Some(0.9),
            area_truth: 100,
            area_predicted: 90,
            regions: Some(2),
            contrast: Some(0.75),
            unit: None,
            boundary_iou: None,
            hd95: None,
            assd: None,
            nsd: None,
        }
    }

    fn text(rows: &[Row]) -> String {
        let lines = csv_lines(rows, Path::new("rows.csv")).expect("rows can be encoded");
        header(&Row::COLUMNS) + std::str::from_utf8(&lines).expect("text")
    }

    fn read(text: &str) -> Result<Vec<Row>, RunError> {
        parse(text.as_bytes(), Path::new("rows.csv")).collect()
    }

    #[test]
    fn the_header_is_the_fields() {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(row("a", "b", 1, 0.5)).expect("a row");
        let written = String::from_utf8(writer.into_inner().expect("flushed")).expect("text");
        assert_eq!(written, text(&[row("a", "b", 1, 0.5)]));
    }

    #[test]
    fn a_torn_tail_is_named_and_what_was_before_is_read() {
        let whole = text(&[row("a", "s", 1, 0.5), row("b", "s", 1, 0.25)]);
        let torn = &whole[..whole.len() - 47];
        let rows: Vec<Result<Row, _>> = parse(torn.as_bytes(), Path::new("rows.csv")).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].as_ref().expect("whole"), &row("a", "s", 1, 0.5));
        let error = rows[1].as_ref().expect_err("torn").to_string();
        assert!(error.contains("rows.csv, line 3: 2"), "{error}");
        assert!(error.contains("columns, expected 29"), "{error}");
    }

    #[test]
    fn a_wrong_value_names_line_and_column() {
        let text = text(&[row("a", "s", 1, 0.5)]).replace(
            "mobile_sam,s,paper_code,0,1,",
            "mobile_sam,s,paper_code,0,one,",
        );
        let error = read(&text).expect_err("no number").to_string();
        assert!(error.contains("line 2: column \"prompts\""), "{error}");
    }

    #[test]
    fn columns_are_those_that_were_asked_for() {
        let wanted = Wanted {
            hd95: true,
            nsd: Some(2.0),
            ..Wanted::default()
        };
        let row = Row {
            unit: Some(Unit::Millimetres),
            hd95: Some(3.5),
            nsd: Some(0.25),
            ..row("a", "s", 1, 0.5)
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(&row).expect("a row");
        let written = String::from_utf8(writer.into_inner().expect("flushed")).expect("text");
        assert!(
            written.starts_with(&header(&Row::columns(wanted))),
            "{written}"
        );
        assert!(written.ends_with(",mm,3.5,0.25\n"), "{written}");
        assert_eq!(read(&written).expect("what was written"), [row]);
        assert_eq!(Row::columns(Wanted::default()), Row::COLUMNS);
    }

    #[test]
    fn rows_of_old_runs_lack_columns() {
        let text = text(&[row("a", "s", 1, 0.5)]);
        let old = text
            .replace(",regions,contrast\n", "\n")
            .replace(",2,0.75\n", "\n");
        let back = read(&old).expect("the columns of before");
        assert_eq!((back[0].regions, back[0].contrast), (None, None));
        assert_eq!(back[0].area_predicted, 90);
    }

    #[test]
    fn other_columns_are_refused() {
        let text = text(&[row("a", "s", 1, 0.5)]).replacen("area_truth", "area", 1);
        assert!(matches!(read(&text), Err(RunError::Malformed { .. })));
    }

    proptest! {
        #[test]
        fn rows_read_back_as_the_same_bits(
            case in "[ -~äß\n,\"]{1,20}", iou in 0.0..=1.0f64, tiny in any::<f64>(), score in any::<f32>(),
        ) {
            prop_assume!(tiny.is_finite() && score.is_finite());
            let mut row = row(&case, "s", 3, iou);
            (row.iou_best, row.predicted_iou, row.x, row.label) = (tiny, Some(score), None, None);
            let rows = [row];
            let first = text(&rows);
            let back = read(&first).expect("what was written");
            prop_assert_eq!(text(&back), first);
            prop_assert_eq!(back[0].iou_best.to_bits(), tiny.to_bits());
            prop_assert_eq!(&back[..], &rows[..]);
        }
    }
}
