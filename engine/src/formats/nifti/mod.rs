//! NIfTI-1 volumes, `.nii` and `.nii.gz`. See [`read`].
//!
//! The header is read by the `nifti` crate; dimensions are checked against the size of the file
//! before anything is allocated.

mod header;

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use super::{FormatError, volume::Volume};

/// Deflate packs at most 1032 bytes into one.
const DENSEST: u64 = 1032;
/// What follows the header at the earliest: 348 bytes of it and four that announce extensions.
const EARLIEST: u64 = 352;

/// Reads a volume; of a series in time or of several channels, the one numbered `frame`.
///
/// # Errors
/// What is broken, or promised and not there, or of a kind that is no image.
pub(super) fn read(path: &Path, frame: Option<u32>) -> Result<Volume, FormatError> {
    let file = Source { path };
    let unreadable = |source| FormatError::Read {
        path: path.to_owned(),
        source,
    };
    // Opening a pipe would wait for ever.
    let metadata = path.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(FormatError::NotAFile {
            path: path.to_owned(),
        });
    }
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut magic = [0; 2];
    let is_packed = reader.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    reader.rewind().map_err(unreadable)?;
    if is_packed {
        let most = metadata.len().saturating_mul(DENSEST);
        file.read(
            &mut MultiGzDecoder::new(reader),
            metadata.len(),
            most,
            frame,
        )
    } else {
        file.read(&mut reader, metadata.len(), metadata.len(), frame)
    }
}

/// A file whose errors name it.
struct Source<'a> {
    path: &'a Path,
}

impl Source<'_> {
    fn broken(&self, problem: impl Into<String>) -> FormatError {
        FormatError::Broken {
            path: self.path.to_owned(),
            problem: problem.into(),
        }
    }

    fn unsupported(&self, problem: impl Into<String>) -> FormatError {
        FormatError::Unsupported {
            path: self.path.to_owned(),
            problem: problem.into(),
        }
    }

    /// Says why reading stopped: the system, a broken archive, or the end of the file.
    fn stopped(&self, error: io::Error) -> FormatError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.broken("ends too early: it is truncated"),
            _ if error.raw_os_error().is_some() => FormatError::Read {
                path: self.path.to_owned(),
                source: error,
            },
            _ => self.broken(error.to_string()),
        }
    }

    /// Reads header and voxels of a file of `bytes` bytes that holds at most `most` unpacked.
    fn read(
        &self,
        reader: &mut impl Read,
        bytes: u64,
        most: u64,
        frame: Option<u32>,
    ) -> Result<Volume, FormatError> {
        let mut header = [0; 348];
        reader
            .read_exact(&mut header)
            .map_err(|error| self.stopped(error))?;
        let header = self.parse(&header)?;
        let (shape, frames) = self.shape(&header)?;
        let sample = self.sample(&header)?;
        let scaling = self.scaling(&header)?;

        let frame = match frame {
            None if frames > 1 => {
                return Err(self.unsupported(format!(
                    "holds {frames} volumes; declare which one as `frame: 0` to `frame: {}`",
                    frames - 1
                )));
            }
            None => 0,
            Some(frame) if u64::from(frame) < frames => u64::from(frame),
            Some(frame) => {
                return Err(self.unsupported(format!(
                    "holds {frames} volumes, but `frame: {frame}` was declared (counted from 0)"
                )));
            }
        };
        let [i, j, k] = shape.map(|length| length as u64);
        let size = (i * j * k).checked_mul(sample.bytes() as u64);
        let offset = self.offset(&header)?;
        let start = size
            .and_then(|size| size.checked_mul(frame))
            .and_then(|skipped| skipped.checked_add(offset));
        let end = start
            .zip(size)
            .and_then(|(start, size)| start.checked_add(size));
        let (Some(start), Some(size), Some(_)) = (start, size, end.filter(|&end| end <= most))
        else {
            return Err(FormatError::Promise {
                path: self.path.to_owned(),
                promised: format!("{i}×{j}×{k} voxels of {} bytes", sample.bytes()),
                bytes,
            });
        };

        let skipped = io::copy(&mut reader.take(start - 348), &mut io::sink());
        skipped.map_err(|error| self.stopped(error))?;
        // Grows with what is really there; a small archive cannot make it large at once.
        let mut voxels = Vec::new();
        let read = reader
            .take(size)
            .read_to_end(&mut voxels)
            .map_err(|error| self.stopped(error))? as u64;
        if read < size {
            return Err(self.broken(format!(
                "holds {read} of the {size} bytes of its voxels: it is truncated"
            )));
        }
        // An archive checks its sum when it is read to its end.
        reader.read(&mut [0]).map_err(|error| self.stopped(error))?;
        let grid = self.grid(&header, shape)?;
        let volume = Volume::new(grid, sample, Self::order(&header), scaling, voxels);
        Ok(volume.expect("as many bytes were read as the shape has voxels"))
    }
}
