//! Headers of masks. See [`mask_header`].

use std::path::Path;

use crate::formats::{FormatError, Grid};

/// What precedes the voxels: the header, and four bytes that announce no extension.
const LENGTH: usize = 352;

/// Numbers by their places in the header (NIfTI-1 standard, `nifti1.h`).
mod place {
    pub(super) const DIM: usize = 40;
    pub(super) const DATATYPE: usize = 70;
    pub(super) const BITPIX: usize = 72;
    pub(super) const PIXDIM: usize = 76;
    pub(super) const VOX_OFFSET: usize = 108;
    pub(super) const SCL_SLOPE: usize = 112;
    pub(super) const XYZT_UNITS: usize = 123;
    pub(super) const QFORM_CODE: usize = 252;
    pub(super) const SFORM_CODE: usize = 254;
    pub(super) const QUATERN_B: usize = 256;
    pub(super) const QOFFSET_X: usize = 268;
    pub(super) const SROW_X: usize = 280;
    pub(super) const MAGIC: usize = 344;
}

/// Millimetres.
const MM: u8 = 2;
/// Nothing is known of where voxels lie.
const UNKNOWN: i16 = 0;
/// Coordinates of the scanner.
const SCANNER: i16 = 1;
/// Unsigned integers of 8 bits.
const U8: i16 = 2;
/// How far axes may be from right angles for a quaternion to stand for them.
const SQUARE: f64 = 1e-4;

/// Returns what precedes the voxels of a little-endian NIfTI-1 file of 8-bit voxels on this grid: its
/// map to the world as sform and, where its axes are at right angles, as qform too, since programs
/// differ in which they read. Of a grid of unknown place both say so.
///
/// # Errors
/// The grid is longer than the format can say; `path` is the file to name.
pub(crate) fn mask_header(path: &Path, grid: &Grid) -> Result<[u8; LENGTH], FormatError> {
    let mut header = [0; LENGTH];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    put(place::DIM, &3_i16.to_le_bytes());
    for axis in 0..7 {
        let length = grid.shape.get(axis).copied().unwrap_or(1);
        let length = i16::try_from(length).map_err(|_| FormatError::Unsupported {
            path: path.to_owned(),
            problem: format!(
                "cannot be NIfTI-1: {length} voxels along an axis; expected 32767 at most"
            ),
        })?;
        put(place::DIM + 2 * (axis + 1), &length.to_le_bytes());
    }
    put(place::DATATYPE, &U8.to_le_bytes());
    put(place::BITPIX, &8_i16.to_le_bytes());
    put(place::VOX_OFFSET, &(LENGTH as f32).to_le_bytes());
    put(place::SCL_SLOPE, &1_f32.to_le_bytes());
    put(place::XYZT_UNITS, &[MM]);
    put(place::MAGIC, b"n+1\0");
    let map = &grid.world_from_voxel;
    let column = |axis: usize| [map[0][axis], map[1][axis], map[2][axis]];
    let lengths = [0, 1, 2].map(|axis| dot(column(axis), column(axis)).sqrt());
    for (axis, length) in lengths.into_iter().enumerate() {
        put(
            place::PIXDIM + 4 * (axis + 1),
            &(length as f32).to_le_bytes(),
        );
    }
    let code = if grid.is_placed { SCANNER } else { UNKNOWN };
    put(place::SFORM_CODE, &code.to_le_bytes());
    for (row, values) in map.iter().enumerate() {
        for (axis, value) in values.iter().enumerate() {
            let at = place::SROW_X + 16 * row + 4 * axis;
            put(at, &(*value as f32).to_le_bytes());
        }
    }
    let units = [0, 1, 2].map(|axis| column(axis).map(|value| value / lengths[axis]));
    let is_square = [(0, 1), (0, 2), (1, 2)]
        .iter()
        .all(|&(a, b)| dot(units[a], units[b]).abs() < SQUARE);
    if is_square {
        let (quaternion, side) = quaternion(units);
        put(place::PIXDIM, &(side as f32).to_le_bytes());
        put(place::QFORM_CODE, &code.to_le_bytes());
        for (index, value) in quaternion.into_iter().enumerate() {
            put(place::QUATERN_B + 4 * index, &(value as f32).to_le_bytes());
        }
        for (row, values) in map.iter().enumerate() {
            put(
                place::QOFFSET_X + 4 * row,
                &(values[3] as f32).to_le_bytes(),
            );
        }
    }
    Ok(header)
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Returns b, c, d of the rotation whose matrix has these columns, and −1 if the third must be turned
/// round for it to be a rotation, else 1 (the standard's `qfac`).
fn quaternion([i, j, mut k]: [[f64; 3]; 3]) -> ([f64; 3], f64) {
    let cross = [
        i[1] * j[2] - i[2] * j[1],
        i[2] * j[0] - i[0] * j[2],
        i[0] * j[1] - i[1] * j[0],
    ];
    let side = if dot(cross, k) < 0.0 { -1.0 } else { 1.0 };
    k = k.map(|value| value * side);
    // Of the four components the largest is taken from the diagonal, so that nothing small divides.
    let trace = i[0] + j[1] + k[2];
    let quaternion = if trace > 0.0 {
        let a = (1.0 + trace).sqrt() / 2.0;
        [j[2] - k[1], k[0] - i[2], i[1] - j[0]].map(|value| value / (4.0 * a))
    } else {
        let [x, y, z] = [
            1.0 + i[0] - j[1] - k[2],
            1.0 + j[1] - i[0] - k[2],
            1.0 + k[2] - i[0] - j[1],
        ];
        let (mut b, mut c, mut d, a);
        if x >= y && x >= z {
            b = x.sqrt() / 2.0;
            (c, d) = ((i[1] + j[0]) / (4.0 * b), (i[2] + k[0]) / (4.0 * b));
            a = (j[2] - k[1]) / (4.0 * b);
        } else if y >= z {
            c = y.sqrt() / 2.0;
            (b, d) = ((i[1] + j[0]) / (4.0 * c), (j[2] + k[1]) / (4.0 * c));
            a = (k[0] - i[2]) / (4.0 * c);
        } else {
            d = z.sqrt() / 2.0;
            (b, c) = ((i[2] + k[0]) / (4.0 * d), (j[2] + k[1]) / (4.0 * d));
            a = (i[1] - j[0]) / (4.0 * d);
        }
        // The header has no a: it is the positive root.
        if a < 0.0 {
            (b, c, d) = (-b, -c, -d);
        }
        [b, c, d]
    };
    (quaternion, side)
}
