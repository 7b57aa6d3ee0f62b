//! A volume, whatever file it came from. See [`Volume`].

use std::path::Path;

use super::{Facts, FormatError, Grid, Planes};

/// The file extensions under which volumes are looked for, in lower case. Of two files that belong
/// together, that of the header.
pub const EXTENSIONS: &[&str] = &["nii.gz", "nii", "hdr", "nrrd", "nhdr", "mha", "mhd", "npy"];

/// Voxels on a [`Grid`], all of them in memory, for who looks at them in any order. They stay as stored
/// and are converted where they are looked at: 157 MB for 512 × 512 × 300 of 16 bits. Who can do with a
/// plane at a time asks for [`Planes`].
pub struct Volume {
    /// Where its voxels lie.
    pub grid: Grid,
    /// What its header says beside them.
    pub facts: Facts,
    pub(super) coding: Coding,
    /// As stored: the first axis runs fastest.
    pub(super) bytes: Vec<u8>,
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

/// What stored bytes mean.
#[derive(Clone, Copy)]
pub(super) struct Coding {
    pub(super) sample: Sample,
    decode: fn(&[u8]) -> f64,
    scaling: Scaling,
}

impl Coding {
    pub(super) fn new(sample: Sample, order: ByteOrder, scaling: Scaling) -> Self {
        Self {
            sample,
            decode: sample.decoder(order),
            scaling,
        }
    }

    /// Returns how many bytes so many voxels take.
    pub(super) fn size(self, shape: [usize; 3]) -> Option<usize> {
        let voxels = (shape.iter()).try_fold(1_usize, |all, &length| all.checked_mul(length));
        voxels?.checked_mul(self.sample.bytes())
    }

    /// Returns the values of samples before scaling.
    pub(super) fn unscaled(self, bytes: &[u8]) -> impl Iterator<Item = f64> {
        let samples = bytes.chunks_exact(self.sample.bytes());
        samples.map(self.decode)
    }

    /// Returns the values of samples.
    pub(super) fn values(self, bytes: &[u8]) -> impl Iterator<Item = f64> {
        self.unscaled(bytes).map(move |stored| self.scale(stored))
    }

    /// Returns the value of the sample at this place.
    pub(super) fn value(self, bytes: &[u8], place: usize) -> f64 {
        let size = self.sample.bytes();
        let start = place * size;
        self.scale((self.decode)(&bytes[start..start + size]))
    }

    /// Scales a stored value.
    pub(super) fn scale(self, stored: f64) -> f64 {
        stored * self.scaling.slope + self.scaling.intercept
    }
}

impl Volume {
    /// Reads a volume as a whole; of a series in time or of several channels, the one numbered `frame`.
    /// The format is known by the content, not by the extension.
    ///
    /// # Errors
    /// What is broken, or promised and not there, or of a kind that is no image.
    pub fn read(path: &Path, frame: Option<u32>) -> Result<Self, FormatError> {
        Planes::open(path, frame)?.whole()
    }

    /// Returns the voxel values in stored order, scaled.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.coding.values(&self.bytes)
    }

    /// Returns one voxel value, scaled.
    pub fn value(&self, [i, j, k]: [usize; 3]) -> f64 {
        let [width, height, _] = self.grid.shape;
        let place = i + width * (j + height * k);
        self.coding.value(&self.bytes, place)
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

    /// Returns the smallest value of the type, if it has few: integers of at most 16 bits.
    pub(super) const fn smallest_of_few(self) -> Option<i32> {
        match self {
            Self::U8 | Self::U16 => Some(0),
            Self::I8 => Some(i8::MIN as i32),
            Self::I16 => Some(i16::MIN as i32),
            _ => None,
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
