//! MetaImage volumes of ITK: header and voxels in one file (`.mha`) or two (`.mhd` with `.raw` or
//! `.zraw`), packed or not. See [`read`].
//!
//! Source: the reference of MetaIO, itk.org/Wiki/MetaIO/Documentation. Coordinates are towards the
//! patient's left, back and top (LPS). Data in several files are refused.

mod header;

use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};

use header::Header;

use super::{
    FormatError, Grid, Planes,
    samples::{Encoding, Samples, Stored},
    source::{GZIP, Opened, Source},
    volume::{ByteOrder, Sample, Scaling},
};

pub(super) use header::begins;

/// Opens a volume; of several in one file, or of several channels, the one numbered `frame`.
///
/// # Errors
/// What is broken, or promised and not there, or of a kind that is no image.
pub(super) fn read(source: Source, frame: Option<u32>) -> Result<Planes, FormatError> {
    let (mut reader, bytes) = source.open()?;
    let header = Header::read(source, &mut reader)?;
    if let Some(kind) = header
        .get(&["ObjectType"])
        .filter(|kind| !kind.eq_ignore_ascii_case("image"))
    {
        let kind: String = kind.chars().take(40).collect();
        return Err(source.unsupported(format!("is a `{kind}`, not an image; remove it")));
    }
    let axes = Axes::find(source, &header)?;
    check_scale(source, &header)?;
    let sample = sample(source, header.need(source, "ElementType")?)?;
    let order = if header.is(source, &["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])? {
        ByteOrder::Big
    } else {
        ByteOrder::Little
    };
    let samples = Samples {
        shape: axes.grid.shape,
        sample,
        order,
        outer: axes.outer,
        frames: axes.frames,
        inner: axes.inner,
        frame: source.choose(frame, axes.frames, "")?,
    };

    let place = Voxels::find(source, &header)?;
    let stored = match header.need(source, "ElementDataFile")? {
        "LOCAL" | "Local" | "local" => place.find_in(source, reader, bytes, samples)?,
        name if name == "LIST" || name.starts_with("LIST ") || name.contains('%') => {
            return Err(
                source.unsupported("keeps its voxels in several files; save it again as one .mha")
            );
        }
        name => {
            let path = source.beside(name)?;
            let source = Source { path: &path };
            let (reader, bytes) = source.open()?;
            place.find_in(source, reader, bytes, samples)?
        }
    };
    Ok(stored.planes(axes.grid, Scaling::NONE))
}

/// Refuses values that are meant to be scaled: readers do not agree on it (ITK leaves it out).
fn check_scale(source: Source, header: &Header) -> Result<(), FormatError> {
    let slope = header.number(source, &["ElementToIntensityFunctionSlope"], 1.0)?;
    let offset = header.number(source, &["ElementToIntensityFunctionOffset"], 0.0)?;
    if (slope, offset) == (1.0, 0.0) {
        return Ok(());
    }
    Err(source.unsupported(format!(
        "scales its voxels by {slope} and adds {offset}, which not every program does; save it with \
         the values that are meant"
    )))
}

/// How the file's samples make volumes.
struct Axes {
    grid: Grid,
    inner: u64,
    frames: u64,
    outer: u64,
}

impl Axes {
    fn find(source: Source, header: &Header) -> Result<Self, FormatError> {
        let dimension: usize = header.need(source, "NDims")?.parse().unwrap_or(0);
        if !(2..=4).contains(&dimension) {
            return Err(source.unsupported(format!(
                "has the dimension `{}`; expected 2, 3, or 4 for several volumes",
                header.number(source, &["NDims"], String::new())?
            )));
        }
        let lengths: Option<Vec<u32>> = (header.need(source, "DimSize")?.split_whitespace())
            .map(|word| word.parse().ok())
            .collect();
        let lengths = lengths
            .filter(|lengths| lengths.len() == dimension && !lengths.contains(&0))
            .ok_or_else(|| header.wrong(source, &["DimSize"]))?;
        let length = |axis: usize| lengths.get(axis).copied().unwrap_or(1);
        let shape = [0, 1, 2].map(|axis| length(axis) as usize);
        let voxels = shape
            .iter()
            .fold(1, |all: u64, &n| all.saturating_mul(n as u64));
        let channels: u64 = header.number(source, &["ElementNumberOfChannels"], 1)?;
        let series = u64::from(length(3));
        let (inner, frames, outer) = match (channels, series) {
            (0, _) => return Err(header.wrong(source, &["ElementNumberOfChannels"])),
            (1, series) => (voxels, series, 1),
            (channels, 1) => (1, channels, voxels),
            _ => {
                return Err(source.unsupported(
                    "holds several volumes of several channels; save one volume per file",
                ));
            }
        };
        Ok(Self {
            grid: grid(source, header, shape, dimension)?,
            inner,
            frames,
            outer,
        })
    }
}

/// Returns where the voxels lie. A header that says nothing of directions says nothing of the place.
fn grid(
    source: Source,
    header: &Header,
    shape: [usize; 3],
    dimension: usize,
) -> Result<Grid, FormatError> {
    let spacing = header.numbers(source, &["ElementSpacing", "ElementSize"], dimension)?;
    let is_known = spacing.is_some();
    let spacing = spacing.unwrap_or_else(|| vec![1.0; dimension]);
    if spacing.contains(&0.0) {
        return Err(header.wrong(source, &["ElementSpacing", "ElementSize"]));
    }
    let turns = ["TransformMatrix", "Rotation", "Orientation"];
    let directions = header.numbers(source, &turns, dimension * dimension)?;
    let origin = header.numbers(source, &["Offset", "Position", "Origin"], dimension)?;
    let origin = origin.unwrap_or_else(|| vec![0.0; dimension]);
    let is_placed = directions.is_some() && dimension > 2;

    // Signs turn left and back to right and front.
    let signs = [-1.0, -1.0, 1.0];
    let mut world_from_voxel = [[0.0; 4]; 3];
    for (w, row) in world_from_voxel.iter_mut().enumerate() {
        for axis in 0..3 {
            let cosine = match &directions {
                // The matrix lists one axis of voxels after the other.
                Some(all) if w < dimension && axis < dimension => all[axis * dimension + w],
                _ => f64::from(w == axis),
            };
            row[axis] = signs[w] * cosine * spacing.get(axis).copied().unwrap_or(1.0);
        }
        row[3] = signs[w] * origin.get(w).copied().unwrap_or(0.0);
    }
    let millimetres = [0, 1, 2].map(|axis| spacing.get(axis).map_or(1.0, |mm: &f64| mm.abs()));
    let grid = Grid {
        shape,
        world_from_voxel,
        spacing_mm: is_known.then_some(millimetres),
        is_placed,
    };
    if grid.is_sound() {
        Ok(grid)
    } else {
        Err(header.wrong(source, &turns))
    }
}

/// How voxels are written down, and where in their file.
struct Voxels {
    is_packed: bool,
    is_text: bool,
    /// Bytes before them; `None` if they are the last bytes of the file.
    skipped: Option<u64>,
}

impl Voxels {
    fn find(source: Source, header: &Header) -> Result<Self, FormatError> {
        let skipped: i64 = header.number(source, &["HeaderSize"], 0)?;
        if skipped < -1 {
            return Err(header.wrong(source, &["HeaderSize"]));
        }
        let is_binary =
            header.get(&["BinaryData"]).is_none() || header.is(source, &["BinaryData"])?;
        Ok(Self {
            is_packed: header.is(source, &["CompressedData"])?,
            is_text: !is_binary,
            skipped: u64::try_from(skipped).ok(),
        })
    }

    fn find_in(
        &self,
        source: Source,
        mut reader: BufReader<std::fs::File>,
        bytes: u64,
        samples: Samples,
    ) -> Result<Stored, FormatError> {
        let here = reader
            .stream_position()
            .map_err(|error| source.unreadable(error))?;
        let start = match (self.skipped, self.is_packed || self.is_text) {
            (Some(skipped), _) => here.checked_add(skipped),
            (None, true) => None,
            (None, false) => samples.size().and_then(|all| bytes.checked_sub(all)),
        };
        let Some(start) = start.filter(|&start| (here..=bytes).contains(&start)) else {
            return Err(samples.promise(source, bytes));
        };
        let sought = reader.seek(SeekFrom::Start(start));
        sought.map_err(|error| source.unreadable(error))?;
        let encoding = match (self.is_text, self.is_packed) {
            (true, _) => Encoding::Text,
            (false, false) => Encoding::Raw,
            (false, true) => {
                let start = reader
                    .fill_buf()
                    .map_err(|error| source.unreadable(error))?;
                if start.starts_with(GZIP) {
                    Encoding::Gzip
                } else {
                    Encoding::Zlib
                }
            }
        };
        samples.find(source, encoding, Opened::plain(source, reader, bytes)?, 0)
    }
}

/// Returns what a sample is.
fn sample(source: Source, name: &str) -> Result<Sample, FormatError> {
    // Several channels may also be said by the type. MetaIO's `long` has 32 bits.
    Ok(match name.strip_suffix("_ARRAY").unwrap_or(name) {
        "MET_CHAR" => Sample::I8,
        "MET_UCHAR" => Sample::U8,
        "MET_SHORT" => Sample::I16,
        "MET_USHORT" => Sample::U16,
        "MET_INT" | "MET_LONG" => Sample::I32,
        "MET_UINT" | "MET_ULONG" => Sample::U32,
        "MET_LONG_LONG" => Sample::I64,
        "MET_ULONG_LONG" => Sample::U64,
        "MET_FLOAT" => Sample::F32,
        "MET_DOUBLE" => Sample::F64,
        other => {
            let start: String = other.chars().take(40).collect();
            return Err(source.unsupported(format!(
                "holds voxels of the type `{start}`; convert it to integers or real numbers"
            )));
        }
    })
}
