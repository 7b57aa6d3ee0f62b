//! `rows.parquet`: the rows once more, for programs that read columns. See [`write_parquet`].

use std::{path::Path, sync::Arc};

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{WriterProperties, WriterVersion},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::{Type, TypePtr},
};

use super::{Row, RunError, folder::replace, read_rows};
use crate::metrics::Wanted;

/// Rows per row group: what is held in memory at once.
const GROUP: usize = 1 << 12;

/// Writes the rows of `rows.csv` as Parquet, with the same columns in the same order: text, 64-bit
/// integers, `DOUBLE`, and `FLOAT` for what models answer in single precision; empty cells are null.
/// Compressed by Snappy. Equal rows give equal bytes.
///
/// # Errors
/// The rows cannot be read, or the file not be written.
pub(super) fn write_parquet(path: &Path, rows: &Path, wanted: Wanted) -> Result<(), RunError> {
    let encode = |error: ParquetError| RunError::Encode {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let columns: Vec<_> = Row::columns(wanted).into_iter().map(column).collect();
    let schema = schema(&columns).map_err(encode)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("engine".to_owned());
    let properties = Arc::new(properties.build());
    replace(path, |file| {
        let mut writer = SerializedFileWriter::new(file, schema, properties).map_err(encode)?;
        let mut rows = read_rows(rows)?;
        loop {
            let group: Vec<Row> = rows.by_ref().take(GROUP).collect::<Result<_, _>>()?;
            if group.is_empty() {
                break;
            }
            let mut group_writer = writer.next_row_group().map_err(encode)?;
            for column in &columns {
                let next = group_writer.next_column().map_err(encode)?;
                let mut next = next.expect("the schema is of these columns");
                column.write(&group, &mut next).map_err(encode)?;
                next.close().map_err(encode)?;
            }
            group_writer.close().map_err(encode)?;
        }
        writer.close().map(drop).map_err(encode)
    })
}

/// A column, and how its cells are read off a row.
struct Column {
    name: &'static str,
    cells: Cells,
}

enum Cells {
    Text(fn(&Row) -> Option<&str>),
    Whole(fn(&Row) -> Option<i64>),
    Real(fn(&Row) -> Option<f64>),
    Single(fn(&Row) -> Option<f32>),
}

/// Returns the column of this name.
///
/// # Panics
/// When a row has none: the names are those of [`Row::columns`], and a test asks for all.
fn column(name: &'static str) -> Column {
    use Cells::{Real, Single, Text, Whole};
    let cells = match name {
        "dataset" => Text(|row| Some(&row.dataset)),
        "case" => Text(|row| Some(&row.case)),
        "slice" => Whole(|row| Some(row.slice as i64)),
        "object" => Text(|row| Some(&row.object)),
        "model" => Text(|row| Some(&row.model)),
        "strategy" => Text(|row| Some(&row.strategy)),
        "protocol" => Text(|row| Some(&row.protocol)),
        "repeat" => Whole(|row| Some(row.repeat.into())),
        "prompts" => Whole(|row| Some(row.prompts.into())),
        "x" => Whole(|row| row.x.map(i64::from)),
        "y" => Whole(|row| row.y.map(i64::from)),
        "label" => Whole(|row| row.label.map(i64::from)),
        "ties" => Whole(|row| row.ties.map(|ties| ties as i64)),
        "clicks" => Whole(|row| Some(row.clicks as i64)),
        "boxes" => Whole(|row| Some(row.boxes as i64)),
        "chosen" => Whole(|row| Some(row.chosen as i64)),
        "iou" => Real(|row| Some(row.iou)),
        "iou_first" => Real(|row| Some(row.iou_first)),
        "iou_best" => Real(|row| Some(row.iou_best)),
        "iou_oracle" => Real(|row| Some(row.iou_oracle)),
        "iou_single" => Real(|row| Some(row.iou_single)),
        "dice" => Real(|row| Some(row.dice)),
        "precision" => Real(|row| Some(row.precision)),
        "recall" => Real(|row| Some(row.recall)),
        "predicted_iou" => Single(|row| row.predicted_iou),
        "area_truth" => Whole(|row| Some(row.area_truth as i64)),
        "area_predicted" => Whole(|row| Some(row.area_predicted as i64)),
        "regions" => Whole(|row| row.regions.map(|regions| regions as i64)),
        "contrast" => Real(|row| row.contrast),
        "unit" => Text(|row| row.unit.map(crate::metrics::Unit::name)),
        "boundary_iou" => Real(|row| row.boundary_iou),
        "hd95" => Real(|row| row.hd95),
        "assd" => Real(|row| row.assd),
        "nsd" => Real(|row| row.nsd),
        _ => panic!("rows have no column {name}"),
    };
    Column { name, cells }
}

fn schema(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let fields = columns.iter().map(|column| {
        let (physical, logical) = match column.cells {
            Cells::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Cells::Whole(_) => (Physical::INT64, None),
            Cells::Real(_) => (Physical::DOUBLE, None),
            Cells::Single(_) => (Physical::FLOAT, None),
        };
        let field = Type::primitive_type_builder(column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        field.build().map(Arc::new)
    });
    let fields = fields.collect::<Result<_, _>>()?;
    Type::group_type_builder("row")
        .with_fields(fields)
        .build()
        .map(Arc::new)
}

impl Column {
    fn write(
        &self,
        rows: &[Row],
        target: &mut SerializedColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        match self.cells {
            Cells::Text(cell) => {
                let text = |row| cell(row).map(ByteArray::from);
                put::<ByteArrayType>(rows.iter().map(text), target)
            }
            Cells::Whole(cell) => put::<Int64Type>(rows.iter().map(cell), target),
            Cells::Real(cell) => put::<DoubleType>(rows.iter().map(cell), target),
            Cells::Single(cell) => put::<FloatType>(rows.iter().map(cell), target),
        }
    }
}

/// Writes cells: those that are there, and for each whether it is.
fn put<T: DataType>(
    cells: impl Iterator<Item = Option<T::T>>,
    target: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    let target = target.typed::<T>();
    target.write_batch(&values, Some(&levels), None).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metrics::Unit,
        runs::rows::{csv_lines, header, tests::row},
    };
    use parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::Field,
    };

    const ALL: Wanted = Wanted {
        boundary_iou: true,
        hd95: true,
        assd: true,
        nsd: Some(2.0),
    };

    fn measured(case: &str, prompts: u32) -> Row {
        Row {
            x: (prompts > 1).then_some(7),
            unit: Some(Unit::Pixels),
            boundary_iou: Some(0.25),
            hd95: Some(1.5),
            assd: Some(0.75),
            nsd: Some(0.5),
            ..row(case, "point", prompts, 0.1 * f64::from(prompts))
        }
    }

    fn write(rows: &[Row], wanted: Wanted) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [csv, parquet] = ["rows.csv", "rows.parquet"].map(|name| folder.path().join(name));
        let mut text = header(&Row::columns(wanted)).into_bytes();
        text.extend(csv_lines(rows, &csv).expect("encodes"));
        std::fs::write(&csv, text).expect("writable");
        write_parquet(&parquet, &csv, wanted).expect("writable");
        (folder, parquet)
    }

    #[test]
    fn what_is_written_is_read() {
        let rows = [
            measured("a \"b\", ä", 1),
            measured("c", 2),
            measured("c", 3),
        ];
        let (_folder, path) = write(&rows, ALL);
        let file = std::fs::File::open(path).expect("readable");
        let reader = SerializedFileReader::new(file).expect("Parquet");
        let found: Vec<_> = reader
            .get_row_iter(None)
            .expect("rows")
            .map(|row| row.expect("a row").into_columns())
            .collect();
        assert_eq!(found.len(), rows.len());
        for (found, row) in found.iter().zip(&rows) {
            let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, Row::columns(ALL));
            let cell = |name: &str| &found.iter().find(|cell| cell.0 == name).expect("there").1;
            assert_eq!(*cell("case"), Field::Str(row.case.clone()));
            assert_eq!(*cell("prompts"), Field::Long(row.prompts.into()));
            assert_eq!(
                *cell("x"),
                row.x.map_or(Field::Null, |x| Field::Long(x.into()))
            );
            assert_eq!(*cell("iou"), Field::Double(row.iou));
            assert_eq!(*cell("predicted_iou"), Field::Float(0.9));
            assert_eq!(*cell("unit"), Field::Str("px".to_owned()));
            assert_eq!(*cell("nsd"), Field::Double(0.5));
        }
    }

    #[test]
    fn equal_rows_are_equal_bytes_and_no_rows_are_a_file() {
        let rows = [measured("a", 1)];
        let bytes = [(); 2].map(|()| {
            let (_folder, path) = write(&rows, ALL);
            std::fs::read(path).expect("readable")
        });
        assert!(bytes[0] == bytes[1]);
        let (_folder, path) = write(&[], Wanted::default());
        let file = std::fs::File::open(path).expect("readable");
        let reader = SerializedFileReader::new(file).expect("Parquet");
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
