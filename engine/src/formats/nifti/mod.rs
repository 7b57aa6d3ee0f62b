//! NIfTI volumes, versions 1 and 2, in one file (`.nii`, `.nii.gz`) or two (`.hdr` with `.img`).
//! See [`read`].
//!
//! Sources: `nifti1.h` and `nifti2.h` of the NIfTI Data Format Working Group (2007, 2011).

mod header;
mod meaning;
mod write;

pub(crate) use write::mask_header;

use std::{
    io::{self, BufRead},
    path::PathBuf,
};

use header::{FIRST, Header, SECOND};

use super::{
    FormatError, Planes,
    samples::Samples,
    source::{Opened, Source},
};

/// Returns whether a file begins as the header of NIfTI or Analyze does.
pub(super) fn begins(start: &[u8]) -> bool {
    header::recognise(start).is_some()
}

/// Opens a volume; of a series in time or of several channels, the one numbered `frame`.
///
/// # Errors
/// What is broken, or promised and not there, or of a kind that is no image.
pub(super) fn read(
    source: Source,
    mut opened: Opened,
    frame: Option<u32>,
) -> Result<Planes, FormatError> {
    let bytes = read_header(&mut opened.reader).map_err(|error| source.stopped(error))?;
    let header = Header::parse(source, &bytes)?;
    let (shape, frames) = header.shape(source)?;
    let sample = header.sample(source)?;
    let scaling = header.scaling(source)?;
    let frame = source.choose(frame, frames, "")?;
    let offset = header.offset(source)?;
    let grid = header.grid(source, shape)?;

    let samples = Samples {
        shape,
        sample,
        order: header.order,
        outer: 1,
        frames,
        inner: (shape.iter()).fold(1, |all: u64, &length| all.saturating_mul(length as u64)),
        frame,
    };
    let stored = if header.is_pair {
        let path = voxel_file(source)?;
        let source = Source { path: &path };
        samples.find_plain(source, source.open_unpacked()?, offset)?
    } else {
        samples.find_plain(source, opened, offset - bytes.len() as u64)?
    };
    Ok(stored.planes(grid, scaling))
}

/// Reads as many bytes as the first number says, if it is that of a header.
fn read_header(reader: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; FIRST];
    reader.read_exact(&mut bytes)?;
    if header::recognise(&bytes).is_some_and(|(_, is_second)| is_second) {
        bytes.resize(SECOND, 0);
        reader.read_exact(&mut bytes[FIRST..])?;
    }
    Ok(bytes)
}

/// Returns the path of the file with the voxels: that of the header, but for `.img` or `.img.gz`.
fn voxel_file(source: Source) -> Result<PathBuf, FormatError> {
    let name = source
        .path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let stem = [".hdr.gz", ".hdr"]
        .iter()
        .find_map(|end| lower.strip_suffix(end));
    let Some(stem) = stem.and_then(|stem| name.get(..stem.len())) else {
        return Err(source.unsupported(
            "keeps its voxels in another file, and is not called .hdr; give the pair the extensions \
             .hdr and .img",
        ));
    };
    let names = [".img", ".img.gz", ".IMG", ".IMG.GZ"].map(|end| format!("{stem}{end}"));
    let there = |name: &&String| source.path.with_file_name(name).exists();
    match names.iter().find(there) {
        Some(name) => source.beside(name),
        None => Err(source.broken(format!(
            "keeps its voxels in {stem}.img (or .img.gz), which is not there"
        ))),
    }
}
