//! What a header means: shape, type, scaling, where the voxels begin and lie in the patient.

use super::header::{FIRST, Header, SECOND};
use crate::formats::{
    FormatError, Grid,
    source::Source,
    volume::{Sample, Scaling},
};

impl Header {
    /// Returns the shape of one volume, and how many there are.
    ///
    /// # Errors
    /// Fewer than one or more than seven dimensions, or one that has no length.
    pub(super) fn shape(&self, source: Source) -> Result<([usize; 3], u64), FormatError> {
        let [count, lengths @ ..] = self.dim;
        let used = usize::try_from(count)
            .ok()
            .filter(|count| (1..=7).contains(count));
        let Some(used) = used else {
            return Err(source.broken(format!("its header gives it {count} dimensions")));
        };
        let mut sizes = [1_u64; 7];
        for (size, &length) in sizes.iter_mut().zip(&lengths[..used]) {
            // A dimension of NIfTI-1 has at most 32767; an index of NIfTI-2 must fit an index here.
            *size = match u64::try_from(length) {
                Ok(length) if (1..=u64::from(u32::MAX)).contains(&length) => length,
                _ => return Err(source.broken(format!("one of its dimensions is {length}"))),
            };
        }
        let [i, j, k, series @ ..] = sizes;
        let frames = series.iter().fold(1_u64, |all, &n| all.saturating_mul(n));
        Ok(([i, j, k].map(|length| length as usize), frames))
    }

    /// Returns what a voxel is.
    ///
    /// # Errors
    /// What is no number that fits 64 bits; a size that contradicts the type.
    pub(super) fn sample(&self, source: Source) -> Result<Sample, FormatError> {
        let refused = |kind: &str| {
            Err(source.unsupported(format!(
                "holds {kind} voxels; convert it to integers or real numbers of at most 64 bits"
            )))
        };
        let sample = match self.datatype {
            2 => Sample::U8,
            4 => Sample::I16,
            8 => Sample::I32,
            16 => Sample::F32,
            64 => Sample::F64,
            256 => Sample::I8,
            512 => Sample::U16,
            768 => Sample::U32,
            1024 => Sample::I64,
            1280 => Sample::U64,
            1 => return refused("1-bit"),
            32 | 1792 | 2048 => return refused("complex"),
            128 | 2304 => return refused("colour"),
            1536 => return refused("128-bit"),
            other => {
                return Err(source.broken(format!("its header gives its voxels the type {other}")));
            }
        };
        if usize::try_from(self.bitpix).ok() != Some(8 * sample.bytes()) {
            return Err(source.broken(format!(
                "its header gives {sample:?} voxels {} bits",
                self.bitpix
            )));
        }
        Ok(sample)
    }

    /// Returns slope and intercept. A slope of 0 stands for none, and so does one that is no number,
    /// as which some programs write it.
    ///
    /// # Errors
    /// An intercept that is no number beside a slope that is one.
    pub(super) fn scaling(&self, source: Source) -> Result<Scaling, FormatError> {
        let (slope, intercept) = (self.scl_slope, self.scl_inter);
        if slope == 0.0 || !slope.is_finite() {
            return Ok(Scaling::NONE);
        }
        if !intercept.is_finite() {
            return Err(source.broken(format!(
                "its header scales voxels by {slope} and adds {intercept}"
            )));
        }
        Ok(Scaling { slope, intercept })
    }

    /// Returns where the voxels begin in their file.
    ///
    /// # Errors
    /// Within the header, at part of a byte, or beyond what a number can say exactly.
    pub(super) fn offset(&self, source: Source) -> Result<u64, FormatError> {
        // After the header come four bytes that announce extensions.
        let earliest = match (self.is_pair, self.is_second) {
            (true, _) => 0,
            (false, false) => FIRST + 4,
            (false, true) => SECOND + 4,
        };
        let exact = if self.is_second { 53 } else { 24 };
        let range = earliest as f64..2_f64.powi(exact);
        match self.vox_offset {
            0.0 => Ok(earliest as u64),
            offset if range.contains(&offset) => Ok(offset as u64),
            offset => Err(source.broken(format!("its voxels begin at byte {offset}"))),
        }
    }

    /// Returns where the voxels lie, in millimetres, whatever the header is in.
    ///
    /// # Errors
    /// An affine map that maps voxels onto each other.
    pub(super) fn grid(&self, source: Source, shape: [usize; 3]) -> Result<Grid, FormatError> {
        // Codes of xyzt_units: 1 metre, 2 millimetre, 3 micrometre; anything else is taken as mm.
        let unit = match self.xyzt_units & 7 {
            1 => 1000.0,
            3 => 0.001,
            _ => 1.0,
        };
        let spacing = [1, 2, 3].map(|axis: usize| self.pixdim[axis].abs() * unit);
        let is_known = spacing.iter().all(|&mm| mm.is_finite() && mm > 0.0);
        let grid = Grid {
            shape,
            world_from_voxel: self.affine().map(|row| row.map(|length| length * unit)),
            spacing_mm: is_known.then_some(spacing),
            is_placed: true,
        };
        if grid.is_sound() {
            Ok(grid)
        } else {
            Err(source
                .broken("its header says nowhere how voxels lie in the patient (singular affine)"))
        }
    }

    /// Returns the affine map to the world in the header's unit, as the standard says: the sform if
    /// it has a code, else the qform, else voxels of the given size with the first axis towards the left.
    fn affine(&self) -> [[f64; 4]; 3] {
        if self.sform_code > 0 {
            return self.srow;
        }
        let [x, y, z] = [1, 2, 3].map(|axis: usize| self.pixdim[axis].abs());
        if self.qform_code <= 0 {
            return [[-x, 0.0, 0.0, 0.0], [0.0, y, 0.0, 0.0], [0.0, 0.0, z, 0.0]];
        }
        let [b, c, d] = self.quatern;
        let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
        let z = if self.pixdim[0] < 0.0 { -z } else { z };
        let [right, front, top] = self.qoffset;
        let row = |[i, j, k]: [f64; 3], origin| [i * x, j * y, k * z, origin];
        [
            row(
                [
                    a * a + b * b - c * c - d * d,
                    2.0 * (b * c - a * d),
                    2.0 * (b * d + a * c),
                ],
                right,
            ),
            row(
                [
                    2.0 * (b * c + a * d),
                    a * a + c * c - b * b - d * d,
                    2.0 * (c * d - a * b),
                ],
                front,
            ),
            row(
                [
                    2.0 * (b * d - a * c),
                    2.0 * (c * d + a * b),
                    a * a + d * d - b * b - c * c,
                ],
                top,
            ),
        ]
    }
}
