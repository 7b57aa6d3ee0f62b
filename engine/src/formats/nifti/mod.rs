//! NIfTI-1 volumes, `.nii` and `.nii.gz`. See [`Volume`].
//!
//! The header is read by the `nifti` crate; dimensions are checked against the size of the file
//! before anything is allocated. Voxels stay as stored and are converted where they are looked at.

mod header;

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;
use nifti::NiftiType;

use super::{FormatError, Grid};

/// The file extensions under which volumes are looked for, in lower case.
pub const EXTENSIONS: &[&str] = &["nii.gz", "nii"];

/// Deflate packs at most 1032 bytes into one.
const DENSEST: u64 = 1032;
/// What follows the header at the earliest: 348 bytes of it and four that announce extensions.
const EARLIEST: u64 = 352;

/// One volume.
pub struct Volume {
    /// Where its voxels lie.
    pub grid: Grid,
    kind: NiftiType,
    decode: fn(&[u8]) -> f64,
    slope: f64,
    intercept: f64,
    /// As stored: the first axis runs fastest.
    bytes: Vec<u8>,
}

impl Volume {
    /// Reads a volume; of a series in time or of several channels, the one numbered `frame`.
    ///
    /// # Errors
    /// What is broken, or promised and not there, or of a kind that is no image.
    pub fn read(path: &Path, frame: Option<u32>) -> Result<Self, FormatError> {
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

    /// Returns the voxel values in stored order, scaled as the header says.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.bytes
            .chunks_exact(self.kind.size_of())
            .map(|bytes| self.scale((self.decode)(bytes)))
    }

    /// Returns one voxel value, scaled as the header says.
    pub fn value(&self, [i, j, k]: [usize; 3]) -> f64 {
        let [width, height, _] = self.grid.shape;
        let size = self.kind.size_of();
        let start = (i + width * (j + height * k)) * size;
        self.scale((self.decode)(&self.bytes[start..start + size]))
    }

    /// Returns the values before scaling if they are few: integers of at most 16 bits, with the
    /// smallest that there could be.
    pub fn small_integers(&self) -> Option<(impl Iterator<Item = i32>, i32)> {
        let smallest = match self.kind {
            NiftiType::Uint8 | NiftiType::Uint16 => 0,
            NiftiType::Int8 => i8::MIN.into(),
            NiftiType::Int16 => i16::MIN.into(),
            _ => return None,
        };
        let stored = self
            .bytes
            .chunks_exact(self.kind.size_of())
            .map(|bytes| (self.decode)(bytes) as i32);
        Some((stored, smallest))
    }

    /// Scales a stored value as the header says.
    pub fn scale(&self, stored: f64) -> f64 {
        stored * self.slope + self.intercept
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
        let (kind, decode) = self.kind(&header)?;
        let (slope, intercept) = self.scaling(&header)?;

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
        let size = (i * j * k).checked_mul(kind.size_of() as u64);
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
                promised: format!("{i}×{j}×{k} voxels of {} bytes", kind.size_of()),
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
        Ok(Volume {
            grid: self.grid(&header, shape)?,
            kind,
            decode,
            slope,
            intercept,
            bytes: voxels,
        })
    }
}
