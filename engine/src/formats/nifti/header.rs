//! What the header of a volume says: shape, type, scaling, offset and place in the patient.

use nifti::{Endianness, NiftiHeader, NiftiType};

use super::{EARLIEST, Source};
use crate::formats::{
    FormatError, Grid,
    volume::{ByteOrder, Sample, Scaling},
};

impl Source<'_> {
    pub(super) fn parse(&self, bytes: &[u8; 348]) -> Result<NiftiHeader, FormatError> {
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
    pub(super) fn shape(&self, header: &NiftiHeader) -> Result<([usize; 3], u64), FormatError> {
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

    pub(super) fn sample(&self, header: &NiftiHeader) -> Result<Sample, FormatError> {
        let kind = header
            .data_type()
            .map_err(|error| self.broken(error.to_string()))?;
        let sample = sample(kind).ok_or_else(|| {
            self.unsupported(format!(
                "holds {kind:?} voxels; convert it to integers or real numbers"
            ))
        })?;
        if usize::try_from(header.bitpix).ok() != Some(8 * sample.bytes()) {
            return Err(self.broken(format!(
                "its header gives {kind:?} voxels {} bits",
                header.bitpix
            )));
        }
        Ok(sample)
    }

    pub(super) fn order(header: &NiftiHeader) -> ByteOrder {
        match header.endianness {
            Endianness::Little => ByteOrder::Little,
            Endianness::Big => ByteOrder::Big,
        }
    }

    /// Returns slope and intercept; a slope of 0 stands for none.
    pub(super) fn scaling(&self, header: &NiftiHeader) -> Result<Scaling, FormatError> {
        let (slope, intercept) = (f64::from(header.scl_slope), f64::from(header.scl_inter));
        if !slope.is_finite() || !intercept.is_finite() {
            return Err(self.broken(format!(
                "its header scales voxels by {slope} and adds {intercept}"
            )));
        }
        Ok(if header.scl_slope == 0.0 {
            Scaling::NONE
        } else {
            Scaling { slope, intercept }
        })
    }

    /// Returns where the voxels begin.
    pub(super) fn offset(&self, header: &NiftiHeader) -> Result<u64, FormatError> {
        match header.vox_offset {
            0.0 => Ok(EARLIEST),
            // Less than 2²⁴, so exact in single precision.
            offset if (EARLIEST as f32..16_777_216.0).contains(&offset) => Ok(offset as u64),
            offset => Err(self.broken(format!("its voxels begin at byte {offset}"))),
        }
    }

    pub(super) fn grid(
        &self,
        header: &NiftiHeader,
        shape: [usize; 3],
    ) -> Result<Grid, FormatError> {
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

/// Returns what a voxel is; `None` for complex numbers, colours and the like.
fn sample(kind: NiftiType) -> Option<Sample> {
    Some(match kind {
        NiftiType::Uint8 => Sample::U8,
        NiftiType::Int8 => Sample::I8,
        NiftiType::Uint16 => Sample::U16,
        NiftiType::Int16 => Sample::I16,
        NiftiType::Uint32 => Sample::U32,
        NiftiType::Int32 => Sample::I32,
        NiftiType::Uint64 => Sample::U64,
        NiftiType::Int64 => Sample::I64,
        NiftiType::Float32 => Sample::F32,
        NiftiType::Float64 => Sample::F64,
        _ => return None,
    })
}
