//! NRRD volumes: header and voxels in one file (`.nrrd`) or two (`.nhdr`), raw, packed by gzip or in
//! text. See [`read`].
//!
//! Source: «Definition of NRRD File Format», teem.sourceforge.net/nrrd/format.html, NRRD0001 to
//! NRRD0005. Encodings `hex` and `bzip2`, and data in several files, are refused.

mod axes;
mod fields;

use std::io::{Seek as _, SeekFrom};

use axes::Axes;
use fields::Fields;

use super::{
    FormatError, Planes,
    samples::{Encoding, Samples, Stored},
    source::{self, Opened, Source},
    volume::{ByteOrder, Sample, Scaling},
};

/// What every NRRD file begins with; the version follows.
pub(super) const MARK: &[u8] = b"NRRD000";

/// Opens a volume; of several in one file, such as a segmentation in layers, the one numbered `frame`.
///
/// # Errors
/// What is broken, or promised and not there, or of a kind that is no image.
pub(super) fn read(
    source: Source,
    mut opened: Opened,
    frame: Option<u32>,
) -> Result<Planes, FormatError> {
    let fields = Fields::read(source, &mut opened.reader)?;
    let axes = Axes::find(source, &fields)?;
    let sample = sample(source, fields.need(source, "type")?)?;
    let encoding = encoding(source, fields.need(source, "encoding")?)?;
    let samples = Samples {
        shape: axes.grid.shape,
        sample,
        order: order(source, &fields, sample, encoding)?,
        outer: axes.outer,
        frames: axes.frames,
        inner: axes.inner,
        frame: source.choose(frame, axes.frames, &fields.segments())?,
    };
    let skips = Skips::read(source, &fields, encoding)?;
    let stored = match fields.get("datafile") {
        None => skips.find_from(source, opened, samples, encoding)?,
        Some(name) => {
            let lower = name.to_ascii_lowercase();
            if lower == "list" || lower.starts_with("list ") || name.contains('%') {
                return Err(source
                    .unsupported("keeps its voxels in several files; save it again as one .nrrd"));
            }
            let path = source.beside(name)?;
            let source = Source { path: &path };
            let (mut reader, bytes) = source.open()?;
            if skips.to_the_end {
                let all = samples.size().filter(|&all| all <= bytes);
                let Some(all) = all else {
                    return Err(samples.promise(source, bytes));
                };
                let sought = reader.seek(SeekFrom::Start(bytes - all));
                sought.map_err(|error| source.unreadable(error))?;
            }
            let opened = Opened::plain(source, reader, bytes)?;
            skips.find_from(source, opened, samples, encoding)?
        }
    };
    Ok(stored.planes(axes.grid, Scaling::NONE))
}

/// What comes before the voxels.
struct Skips {
    /// Lines of the data file as it is.
    lines: u64,
    /// Bytes after these lines; of a packed file, after unpacking.
    bytes: u64,
    /// Whether voxels are the last bytes of the file.
    to_the_end: bool,
}

impl Skips {
    fn read(source: Source, fields: &Fields, encoding: Encoding) -> Result<Self, FormatError> {
        let number = |name: &str| match fields.get(name) {
            None => Ok(0),
            Some(text) => text
                .parse::<i64>()
                .map_err(|_| source.broken(format!("its header's `{name}` is `{text}`"))),
        };
        let (lines, bytes) = (number("lineskip")?, number("byteskip")?);
        let is_raw = encoding == Encoding::Raw && fields.get("datafile").is_some();
        if lines < 0 || bytes < -1 || (bytes == -1 && !is_raw) {
            return Err(source.unsupported(format!(
                "skips {lines} lines and {bytes} bytes before its voxels; save it again as .nrrd"
            )));
        }
        Ok(Self {
            lines: lines as u64,
            bytes: bytes.max(0) as u64,
            to_the_end: bytes == -1,
        })
    }

    fn find_from(
        &self,
        source: Source,
        mut opened: Opened,
        samples: Samples,
        encoding: Encoding,
    ) -> Result<Stored, FormatError> {
        for _ in 0..self.lines {
            let line = source::line(&mut opened.reader).map_err(|error| source.stopped(error))?;
            if line.is_none() {
                return Err(source.broken(format!("has not the {} lines to skip", self.lines)));
            }
        }
        samples.find(source, encoding, opened, self.bytes)
    }
}

/// Returns what a sample is, by any of the names that the format allows.
fn sample(source: Source, name: &str) -> Result<Sample, FormatError> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "signed char" | "int8" | "int8_t" => Sample::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Sample::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => {
            Sample::I16
        }
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Sample::U16,
        "int" | "signed int" | "int32" | "int32_t" => Sample::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Sample::U32,
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => Sample::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => {
            Sample::U64
        }
        "float" => Sample::F32,
        "double" => Sample::F64,
        "block" => {
            return Err(source.unsupported(
                "holds blocks of bytes that are no numbers; convert it to integers or real numbers",
            ));
        }
        other => {
            let start: String = other.chars().take(40).collect();
            return Err(source.broken(format!("its header gives its samples the type `{start}`")));
        }
    })
}

fn encoding(source: Source, name: &str) -> Result<Encoding, FormatError> {
    match name.to_ascii_lowercase().as_str() {
        "raw" => Ok(Encoding::Raw),
        "gzip" | "gz" => Ok(Encoding::Gzip),
        "txt" | "text" | "ascii" => Ok(Encoding::Text),
        "hex" | "bzip2" | "bz2" => Err(source.unsupported(format!(
            "has the encoding {name}, which is not read here; save it again as raw or gzip"
        ))),
        other => {
            let start: String = other.chars().take(40).collect();
            Err(source.broken(format!("its header names the encoding `{start}`")))
        }
    }
}

fn order(
    source: Source,
    fields: &Fields,
    sample: Sample,
    encoding: Encoding,
) -> Result<ByteOrder, FormatError> {
    match fields.get("endian").map(str::to_ascii_lowercase).as_deref() {
        Some("little") => Ok(ByteOrder::Little),
        Some("big") => Ok(ByteOrder::Big),
        // What has one byte, or is text, has no order of bytes.
        None if sample.bytes() == 1 || encoding == Encoding::Text => Ok(ByteOrder::Little),
        _ => Err(source.broken("its header does not say in which order bytes are (`endian`)")),
    }
}
