//! A volume plane by plane. See [`Planes`].

use std::{borrow::Cow, io::BufRead as _, path::Path};

use super::{
    Facts, FormatError, Grid, Volume, dicom::Slices, metaimage, nifti, npy, nrrd, run::Run,
    source::Source, volume::Coding,
};

/// A volume that is looked at plane by plane, across the axis along which it is stored slowest.
///
/// Voxels that a file has as they are and in one run stay there, and whoever looks at them holds one
/// plane: in NIfTI, NRRD and MetaImage that are not packed, with their voxels in the same file or
/// beside it, and in NumPy's arrays; of several volumes in a file where each is a run. At opening they
/// are known to be there; a file that is cut short or cannot be read any more is an error later on.
///
/// So do the pixels of DICOM series ([`dicom::Series`](super::dicom::Series)), whose planes are frames of
/// their files: each is read, and unpacked where it is compressed, every time that it is asked for. Who
/// goes over the planes twice, such as for the percentiles of a volume, has them unpacked twice. Of a file
/// that is deflated as a whole, all is in memory while its frames are read.
///
/// The others are held from the beginning, as stored: an archive or a text cannot be entered in its
/// middle, of channels that take turns every plane would be as much work as all, and half precision is
/// widened. Whoever wants voxels in any order has them held, by [`Planes::held`] or [`Planes::whole`]:
/// slices across another axis and labels on another grid would read the file over and over.
pub struct Planes {
    /// Where its voxels lie.
    pub grid: Grid,
    /// What its header says beside them.
    pub facts: Facts,
    coding: Coding,
    /// Whether the last axis runs fastest, and planes lie across the first.
    is_last_fastest: bool,
    voxels: Voxels,
}

/// Where samples in stored order are.
pub(super) enum Voxels {
    /// In memory.
    Held(Vec<u8>),
    /// In their file.
    Left(Run),
    /// In the frames of a DICOM series.
    Slices(Slices),
}

impl Planes {
    /// Opens a volume; of a series in time or of several channels, the one numbered `frame`. The
    /// format is known by the content, not by the extension.
    ///
    /// # Errors
    /// What is broken, or promised and not there, or of a kind that is no image.
    pub fn open(path: &Path, frame: Option<u32>) -> Result<Self, FormatError> {
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

    /// Makes a volume of samples in stored order, the first axis of the grid fastest. Returns `None` if
    /// they are more or fewer than the grid has voxels.
    pub(super) fn new(grid: Grid, coding: Coding, voxels: Voxels) -> Option<Self> {
        let bytes = match &voxels {
            Voxels::Held(bytes) => bytes.len() as u64,
            Voxels::Left(run) => run.bytes,
            Voxels::Slices(slices) => slices.bytes(),
        };
        let size = coding.size(grid.shape)? as u64;
        (size == bytes).then(|| Self {
            grid,
            facts: Facts::default(),
            coding,
            is_last_fastest: false,
            voxels,
        })
    }

    /// Says that the last axis of the grid runs fastest.
    pub(super) fn last_axis_fastest(self) -> Self {
        Self {
            is_last_fastest: true,
            ..self
        }
    }

    /// Returns the axis across which planes lie.
    pub fn axis(&self) -> usize {
        if self.is_last_fastest { 0 } else { 2 }
    }

    /// Returns a plane by its index along the axis, read if it was left in its file.
    ///
    /// # Errors
    /// It is not there any more, or cannot be decoded.
    ///
    /// # Panics
    /// When the index is outside the volume.
    pub fn plane(&self, index: usize) -> Result<Plane<'_>, FormatError> {
        let mut shape = self.grid.shape;
        assert!(index < shape[self.axis()], "plane {index} of {}", self.grid);
        shape[self.axis()] = 1;
        let size = self.coding.size(shape).expect("less than the volume's");
        let start = index * size;
        let [width, _, depth] = self.grid.shape;
        Ok(Plane {
            coding: self.coding,
            bytes: match &self.voxels {
                Voxels::Held(bytes) => bytes[start..start + size].into(),
                Voxels::Left(run) => run.read(start as u64, size as u64)?.into(),
                Voxels::Slices(slices) => slices.read(index)?.into(),
            },
            strides: if self.is_last_fastest {
                [0, depth, 1]
            } else {
                [1, width, 0]
            },
        })
    }

    /// Returns the planes, one after the other.
    pub fn each(&self) -> impl Iterator<Item = Result<Plane<'_>, FormatError>> {
        (0..self.grid.shape[self.axis()]).map(|index| self.plane(index))
    }

    /// Calls `see` with the place and the value of every voxel, plane by plane. Places are counted with
    /// the first axis fastest, however the file has it.
    ///
    /// # Errors
    /// A plane is not there any more.
    pub fn visit(&self, mut see: impl FnMut(usize, f64)) -> Result<(), FormatError> {
        let [width, height, depth] = self.grid.shape;
        for (index, plane) in self.each().enumerate() {
            for (place, value) in plane?.values().enumerate() {
                let place = if self.is_last_fastest {
                    index + width * (place / depth + height * (place % depth))
                } else {
                    index * width * height + place
                };
                see(place, value);
            }
        }
        Ok(())
    }

    /// Returns the same volume with its voxels in memory.
    ///
    /// # Errors
    /// They are not there any more.
    pub fn held(self) -> Result<Self, FormatError> {
        Ok(Self {
            voxels: Voxels::Held(self.voxels.read()?),
            ..self
        })
    }

    /// Returns all of it, with the first axis fastest.
    ///
    /// # Errors
    /// Its voxels are not there any more.
    pub fn whole(self) -> Result<Volume, FormatError> {
        let mut bytes = self.voxels.read()?;
        if self.is_last_fastest {
            bytes = turned(&bytes, self.grid.shape, self.coding.sample.bytes());
        }
        Ok(Volume {
            grid: self.grid,
            facts: self.facts,
            coding: self.coding,
            bytes,
        })
    }

    /// Returns the smallest value before scaling that there could be, if there could be few: of integers
    /// of at most 16 bits.
    pub fn smallest_of_few(&self) -> Option<i32> {
        self.coding.sample.smallest_of_few()
    }

    /// Scales a stored value.
    pub fn scale(&self, stored: f64) -> f64 {
        self.coding.scale(stored)
    }
}

/// One plane of a volume.
pub struct Plane<'a> {
    coding: Coding,
    bytes: Cow<'a, [u8]>,
    /// How many samples neighbours along each axis are apart; 0 along that across which the plane lies.
    strides: [usize; 3],
}

impl Plane<'_> {
    /// Returns the voxel values in stored order, scaled.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.coding.values(&self.bytes)
    }

    /// Returns the voxel values in stored order, before scaling.
    pub fn unscaled(&self) -> impl Iterator<Item = f64> {
        self.coding.unscaled(&self.bytes)
    }

    /// Returns one voxel value, scaled. The voxel's index along the axis is taken for the plane's.
    ///
    /// # Panics
    /// When the voxel is outside the volume.
    pub fn value(&self, voxel: [usize; 3]) -> f64 {
        let place = (voxel.iter().zip(self.strides)).map(|(index, stride)| index * stride);
        self.coding.value(&self.bytes, place.sum())
    }
}

impl Voxels {
    /// Returns them in memory.
    fn read(self) -> Result<Vec<u8>, FormatError> {
        match self {
            Self::Held(bytes) => Ok(bytes),
            Self::Left(run) => run.read(0, run.bytes),
            Self::Slices(slices) => slices.read_all(),
        }
    }
}

/// From the last axis fastest to the first axis fastest.
fn turned(bytes: &[u8], [width, height, depth]: [usize; 3], size: usize) -> Vec<u8> {
    let mut turned = Vec::with_capacity(bytes.len());
    for k in 0..depth {
        for j in 0..height {
            for i in 0..width {
                let start = (k + depth * (j + height * i)) * size;
                turned.extend_from_slice(&bytes[start..start + size]);
            }
        }
    }
    turned
}
