//! A volume, whatever file it came from. See [`Volume`].

use std::{io::BufRead as _, path::Path};

use super::{Facts, FormatError, Grid, metaimage, nifti, npy, nrrd, source::Source};

/// The file extensions under which volumes are looked for, in lower case. Of two files that belong
/// together, that of the header.
pub const EXTENSIONS: &[&str] = &["nii.gz", "nii", "hdr", "nrrd", "nhdr", "mha", "mhd", "npy"];

/// Voxels on a [`Grid`]. They stay as stored and are converted where they are looked at.
pub struct Volume {
    /// Where its voxels lie.
    pub grid: Grid,
    /// What its header says beside them.
    pub facts: Facts,
    sample: Sample,
    decode: fn(&[u8]) -> f64,
    scaling: Scaling,
    /// As stored: the first axis runs fastest.
    bytes: Vec<u8>,
}

/// What one stored voxel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// An unsigned integer of 8 bits.
    U8,
    /// A signed integer of 8 bits.
    I8,
    /// An unsigned integer of 16 bits.
    U16,
    /// A signed integer of 16 bits.
    I16,
    /// An unsigned integer of 32 bits.
    U32,
    /// A signed integer of 32 bits.
    I32,
    /// An unsigned integer of 64 bits.
    U64,
    /// A signed integer of 64 bits.
    I64,
    /// A real number in single precision.
    F32,
    /// A real number in double precision.
    F64,
}

/// In which order the bytes of a voxel are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest first.
    #[default]
    Little,
    /// The highest first.
    Big,
}

/// From stored values to those meant: `slope` × value + `intercept`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// What a step of the stored value is worth.
    pub slope: f64,
    /// What a stored 0 stands for.
    pub intercept: f64,
}

impl Scaling {
    /// Values are stored as they are meant.
    pub const NONE: Self = Self {
        slope: 1.0,
        intercept: 0.0,
    };
}

impl Volume {
    /// Reads a volume; of a series in time or of several channels, the one numbered `frame`. The
    /// format is known by the content, not by the extension.
    ///
    /// It is read as a whole: slices may be cut along any axis, and are normalised by what the whole
    /// volume holds, so that one slice after the other would mean to read most files twice or more
    /// (and an archive cannot be entered in its middle). Voxels stay as stored, 157 MB for
    /// 512 × 512 × 300 of 16 bits; each reading thread holds one volume at a time.
    ///
    /// # Errors
    /// What is broken, or promised and not there, or of a kind that is no image.
    pub fn read(path: &Path, frame: Option<u32>) -> Result<Self, FormatError> {
        let source = Source { path };
        let mut opened = source.open_unpacked()?;
        let start = opened.reader.fill_buf();
        let start = start.map_err(|error| source.stopped(error))?;
        if nifti::begins(start) {
            nifti::read(source, opened, frame)
        } else if start.starts_with(nrrd::MARK) {
            nrrd::read(source, opened, frame)
        } else if start.starts_with(npy::MARK) {
            npy::read(source, opened, frame)
        } else if metaimage::begins(start) {
            metaimage::read(source, frame)
        } else {
            Err(FormatError::Unknown {
                path: path.to_owned(),
                expected: "NIfTI, NRRD, MetaImage, NumPy",
            })
        }
    }

    /// Makes a volume of what a file holds: `bytes` are the samples in stored order, the first axis
    /// of the grid fastest. Returns `None` if they are more or fewer than the grid has voxels.
    pub(super) fn new(
        grid: Grid,
        sample: Sample,
        order: ByteOrder,
        scaling: Scaling,
        bytes: Vec<u8>,
    ) -> Option<Self> {
        let voxels = (grid.shape.iter()).try_fold(1_usize, |all, &length| all.checked_mul(length));
        let size = voxels?.checked_mul(sample.bytes())?;
        (bytes.len() == size).then(|| Self {
            grid,
            facts: Facts::default(),
            sample,
            decode: sample.decoder(order),
            scaling,
            bytes,
        })
    }

    /// Adds what a header says beside the voxels.
    pub(super) fn with_facts(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }

    /// Returns the voxel values in stored order, scaled.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.bytes
            .chunks_exact(self.sample.bytes())
            .map(|bytes| self.scale((self.decode)(bytes)))
    }

    /// Returns one voxel value, scaled.
    pub fn value(&self, [i, j, k]: [usize; 3]) -> f64 {
        let [width, height, _] = self.grid.shape;
        let size = self.sample.bytes();
        let start = (i + width * (j + height * k)) * size;
        self.scale((self.decode)(&self.bytes[start..start + size]))
    }

    /// Returns the values before scaling if they are few: integers of at most 16 bits, with the
    /// smallest that there could be.
    pub fn small_integers(&self) -> Option<(impl Iterator<Item = i32>, i32)> {
        let smallest = match self.sample {
            Sample::U8 | Sample::U16 => 0,
            Sample::I8 => i8::MIN.into(),
            Sample::I16 => i16::MIN.into(),
            _ => return None,
        };
        let stored = self
            .bytes
            .chunks_exact(self.sample.bytes())
            .map(|bytes| (self.decode)(bytes) as i32);
        Some((stored, smallest))
    }

    /// Scales a stored value.
    pub fn scale(&self, stored: f64) -> f64 {
        stored * self.scaling.slope + self.scaling.intercept
    }
}

impl Sample {
    /// Returns the size of a voxel in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Returns the conversion of one stored voxel.
    fn decoder(self, order: ByteOrder) -> fn(&[u8]) -> f64 {
        macro_rules! number {
            ($type:ty) => {{
                let little: fn(&[u8]) -> f64 =
                    |bytes| <$type>::from_le_bytes(bytes.try_into().expect("one voxel")) as f64;
                let big: fn(&[u8]) -> f64 =
                    |bytes| <$type>::from_be_bytes(bytes.try_into().expect("one voxel")) as f64;
                match order {
                    ByteOrder::Little => little,
                    ByteOrder::Big => big,
                }
            }};
        }
        match self {
            Self::U8 => number!(u8),
            Self::I8 => number!(i8),
            Self::U16 => number!(u16),
            Self::I16 => number!(i16),
            Self::U32 => number!(u32),
            Self::I32 => number!(i32),
            Self::U64 => number!(u64),
            Self::I64 => number!(i64),
            Self::F32 => number!(f32),
            Self::F64 => number!(f64),
        }
    }
}
