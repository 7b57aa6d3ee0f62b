//! NIfTI-1 volumes, `.nii` and `.nii.gz`. See [`Volume`].
//!
//! The header is read by the `nifti` crate; dimensions are checked against the size of the file
//! before anything is allocated. Voxels stay as stored and are converted where they are looked at.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;
use nifti::{Endianness, NiftiHeader, NiftiType};

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

    fn parse(&self, bytes: &[u8; 348]) -> Result<NiftiHeader, FormatError> {
        let size = [bytes[0], bytes[1], bytes[2], bytes[3]];
        match (i32::from_le_bytes(size), i32::from_be_bytes(size)) {
            (348, _) | (_, 348) => {}
            (540, _) | (_, 540) => {
                return Err(self.unsupported("is NIfTI-2; convert it to NIfTI-1"));
            }
            _ => {
                return Err(FormatError::Unknown {
                    path: self.path.to_owned(),
                    expected: "NIfTI-1 (.nii, .nii.gz)",
                });
            }
        }
        let header =
            NiftiHeader::from_reader(&bytes[..]).map_err(|error| self.broken(error.to_string()))?;
        if &header.magic != b"n+1\0" {
            return Err(
                self.unsupported("keeps its voxels in another file (.img); convert it to .nii")
            );
        }
        Ok(header)
    }

    /// Returns the shape of one volume, and how many there are.
    fn shape(&self, header: &NiftiHeader) -> Result<([usize; 3], u64), FormatError> {
        let lengths = header
            .dim()
            .map_err(|error| self.broken(error.to_string()))?;
        if let Some(negative) = lengths.iter().find(|&&length| length > i16::MAX as u16) {
            return Err(self.broken(format!("one of its dimensions is {}", *negative as i16)));
        }
        let length = |axis: usize| lengths.get(axis).copied().map_or(1, usize::from);
        let frames = lengths
            .iter()
            .skip(3)
            .map(|&length| u64::from(length))
            .product();
        Ok(([length(0), length(1), length(2)], frames))
    }

    fn kind(&self, header: &NiftiHeader) -> Result<(NiftiType, fn(&[u8]) -> f64), FormatError> {
        let kind = header
            .data_type()
            .map_err(|error| self.broken(error.to_string()))?;
        let decode = decoder(kind, header.endianness).ok_or_else(|| {
            self.unsupported(format!(
                "holds {kind:?} voxels; convert it to integers or real numbers"
            ))
        })?;
        if usize::try_from(header.bitpix).ok() != Some(8 * kind.size_of()) {
            return Err(self.broken(format!(
                "its header gives {kind:?} voxels {} bits",
                header.bitpix
            )));
        }
        Ok((kind, decode))
    }

    /// Returns slope and intercept; a slope of 0 stands for none.
    fn scaling(&self, header: &NiftiHeader) -> Result<(f64, f64), FormatError> {
        let (slope, intercept) = (f64::from(header.scl_slope), f64::from(header.scl_inter));
        if !slope.is_finite() || !intercept.is_finite() {
            return Err(self.broken(format!(
                "its header scales voxels by {slope} and adds {intercept}"
            )));
        }
        Ok(if header.scl_slope == 0.0 {
            (1.0, 0.0)
        } else {
            (slope, intercept)
        })
    }

    /// Returns where the voxels begin.
    fn offset(&self, header: &NiftiHeader) -> Result<u64, FormatError> {
        match header.vox_offset {
            0.0 => Ok(EARLIEST),
            // Less than 2²⁴, so exact in single precision.
            offset if (EARLIEST as f32..16_777_216.0).contains(&offset) => Ok(offset as u64),
            offset => Err(self.broken(format!("its voxels begin at byte {offset}"))),
        }
    }

    fn grid(&self, header: &NiftiHeader, shape: [usize; 3]) -> Result<Grid, FormatError> {
        let world_from_voxel = affine(header);
        let lengths = [0, 1, 2].map(|axis| {
            world_from_voxel
                .iter()
                .map(|row| row[axis] * row[axis])
                .sum::<f64>()
        });
        let is_sound = lengths.iter().all(|&length| length > 0.0)
            && world_from_voxel
                .as_flattened()
                .iter()
                .all(|x| x.is_finite());
        if !is_sound {
            return Err(self.broken(
                "its header says nowhere how voxels lie in the patient (singular affine)",
            ));
        }
        // Codes of xyzt_units: 1 metre, 2 millimetre, 3 micrometre; anything else is taken as mm.
        let unit = match header.xyzt_units & 7 {
            1 => 1000.0,
            3 => 0.001,
            _ => 1.0,
        };
        let spacing = [1, 2, 3].map(|axis| f64::from(header.pixdim[axis]).abs() * unit);
        let is_known = spacing.iter().all(|&mm| mm.is_finite() && mm > 0.0);
        Ok(Grid {
            shape,
            world_from_voxel,
            spacing_mm: is_known.then_some(spacing),
        })
    }
}

/// Returns the affine map to the world, as the standard says: the sform if it has a code, else the
/// qform, else voxels of the given size with the first axis towards the left.
fn affine(header: &NiftiHeader) -> [[f64; 4]; 3] {
    if header.sform_code > 0 {
        return [header.srow_x, header.srow_y, header.srow_z].map(|row| row.map(f64::from));
    }
    let [x, y, z] = [1, 2, 3].map(|axis| f64::from(header.pixdim[axis]).abs());
    if header.qform_code <= 0 {
        return [[-x, 0.0, 0.0, 0.0], [0.0, y, 0.0, 0.0], [0.0, 0.0, z, 0.0]];
    }
    let [b, c, d] = [header.quatern_b, header.quatern_c, header.quatern_d].map(f64::from);
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let z = if header.pixdim[0] < 0.0 { -z } else { z };
    let row = |[i, j, k]: [f64; 3], origin: f32| [i * x, j * y, k * z, origin.into()];
    [
        row(
            [
                a * a + b * b - c * c - d * d,
                2.0 * (b * c - a * d),
                2.0 * (b * d + a * c),
            ],
            header.quatern_x,
        ),
        row(
            [
                2.0 * (b * c + a * d),
                a * a + c * c - b * b - d * d,
                2.0 * (c * d - a * b),
            ],
            header.quatern_y,
        ),
        row(
            [
                2.0 * (b * d - a * c),
                2.0 * (c * d + a * b),
                a * a + d * d - b * b - c * c,
            ],
            header.quatern_z,
        ),
    ]
}

/// Returns the conversion of one stored voxel; `None` for complex numbers, colours and the like.
fn decoder(kind: NiftiType, order: Endianness) -> Option<fn(&[u8]) -> f64> {
    macro_rules! number {
        ($type:ty) => {{
            let little: fn(&[u8]) -> f64 =
                |bytes| <$type>::from_le_bytes(bytes.try_into().expect("one voxel")) as f64;
            let big: fn(&[u8]) -> f64 =
                |bytes| <$type>::from_be_bytes(bytes.try_into().expect("one voxel")) as f64;
            Some(if order == Endianness::Little {
                little
            } else {
                big
            })
        }};
    }
    match kind {
        NiftiType::Uint8 => number!(u8),
        NiftiType::Int8 => number!(i8),
        NiftiType::Uint16 => number!(u16),
        NiftiType::Int16 => number!(i16),
        NiftiType::Uint32 => number!(u32),
        NiftiType::Int32 => number!(i32),
        NiftiType::Uint64 => number!(u64),
        NiftiType::Int64 => number!(i64),
        NiftiType::Float32 => number!(f32),
        NiftiType::Float64 => number!(f64),
        _ => None,
    }
}
