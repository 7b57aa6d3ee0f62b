//! The header of NIfTI-1, which the `nifti` crate reads, and of NIfTI-2, which it does not know. See
//! [`Header`].

use nifti::{Endianness, NiftiHeader};

use super::FormatError;
use crate::formats::{source::Source, volume::ByteOrder};

/// What the header says, whichever version it is of. Names are the standard's.
pub(super) struct Header {
    pub(super) order: ByteOrder,
    pub(super) is_second: bool,
    /// Whether the voxels are in another file.
    pub(super) is_pair: bool,
    /// How many dimensions there are, then their lengths.
    pub(super) dim: [i64; 8],
    pub(super) datatype: i16,
    pub(super) bitpix: i16,
    pub(super) pixdim: [f64; 8],
    pub(super) vox_offset: f64,
    pub(super) scl_slope: f64,
    pub(super) scl_inter: f64,
    pub(super) xyzt_units: u8,
    pub(super) qform_code: i32,
    pub(super) sform_code: i32,
    /// b, c and d.
    pub(super) quatern: [f64; 3],
    pub(super) qoffset: [f64; 3],
    pub(super) srow: [[f64; 4]; 3],
}

/// Size of a NIfTI-1 header, which is also its first number.
pub(super) const FIRST: usize = 348;
/// Size of a NIfTI-2 header, which is also its first number.
pub(super) const SECOND: usize = 540;

/// Returns the byte order of a header and whether it is one of NIfTI-2; `None` if its first number
/// is neither's.
pub(super) fn recognise(start: &[u8]) -> Option<(ByteOrder, bool)> {
    let size = *start.first_chunk::<4>()?;
    let is = |size: u32| match size as usize {
        FIRST => Some(false),
        SECOND => Some(true),
        _ => None,
    };
    let little = is(u32::from_le_bytes(size)).map(|second| (ByteOrder::Little, second));
    little.or_else(|| is(u32::from_be_bytes(size)).map(|second| (ByteOrder::Big, second)))
}

impl Header {
    /// Reads a header of [`FIRST`] or [`SECOND`] bytes.
    ///
    /// # Errors
    /// A mark that is not NIfTI's; Analyze 7.5.
    pub(super) fn parse(source: Source, bytes: &[u8]) -> Result<Self, FormatError> {
        let Some((order, is_second)) = recognise(bytes) else {
            return Err(FormatError::Unknown {
                path: source.path.to_owned(),
                expected: "NIfTI (.nii, .nii.gz, .hdr with .img)",
            });
        };
        let magic = if is_second {
            &bytes[4..12]
        } else {
            &bytes[344..348]
        };
        let is_pair = match magic {
            b"n+1\0" | b"n+2\0\r\n\x1a\n" => false,
            b"ni1\0" | b"ni2\0\r\n\x1a\n" => true,
            _ if !is_second && magic[0] == 0 => {
                return Err(source.unsupported(
                    "is Analyze 7.5, which does not say which side is the patient's left; convert \
                     it to NIfTI",
                ));
            }
            _ => return Err(source.broken("its header has not the mark of NIfTI")),
        };
        if is_second {
            return Ok(Fields { bytes, order }.second(is_pair));
        }
        let first = NiftiHeader::from_reader(bytes);
        let first = first.map_err(|error| source.broken(error.to_string()))?;
        let same_order = match first.endianness {
            Endianness::Little => order == ByteOrder::Little,
            Endianness::Big => order == ByteOrder::Big,
        };
        // The crate goes by the number of dimensions, `recognise` by the header's size.
        if !same_order {
            return Err(source.broken("its header has its first numbers in different byte orders"));
        }
        Ok(Self::first(&first, order, is_pair))
    }

    /// Takes over what the crate read.
    fn first(header: &NiftiHeader, order: ByteOrder, is_pair: bool) -> Self {
        let NiftiHeader {
            quatern_b: b,
            quatern_c: c,
            quatern_d: d,
            ..
        } = *header;
        Self {
            order,
            is_second: false,
            is_pair,
            // The standard's are signed.
            dim: header.dim.map(|length| (length as i16).into()),
            datatype: header.datatype,
            bitpix: header.bitpix,
            pixdim: header.pixdim.map(f64::from),
            vox_offset: header.vox_offset.into(),
            scl_slope: header.scl_slope.into(),
            scl_inter: header.scl_inter.into(),
            xyzt_units: header.xyzt_units,
            qform_code: header.qform_code.into(),
            sform_code: header.sform_code.into(),
            quatern: [b, c, d].map(f64::from),
            qoffset: [header.quatern_x, header.quatern_y, header.quatern_z].map(f64::from),
            srow: [header.srow_x, header.srow_y, header.srow_z].map(|row| row.map(f64::from)),
        }
    }
}

/// The bytes of a NIfTI-2 header, read field by field.
struct Fields<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

/// Defines a method that reads a number at an offset.
macro_rules! number {
    ($name:ident, $type:ty) => {
        fn $name(&self, at: usize) -> $type {
            let bytes = self.bytes[at..].first_chunk().expect("within the header");
            match self.order {
                ByteOrder::Little => <$type>::from_le_bytes(*bytes),
                ByteOrder::Big => <$type>::from_be_bytes(*bytes),
            }
        }
    };
}

impl Fields<'_> {
    number!(i16, i16);
    number!(i32, i32);
    number!(i64, i64);
    number!(f64, f64);

    fn f64s<const N: usize>(&self, at: usize) -> [f64; N] {
        std::array::from_fn(|k| self.f64(at + 8 * k))
    }

    /// Offsets of `nifti2.h`.
    fn second(&self, is_pair: bool) -> Header {
        Header {
            order: self.order,
            is_second: true,
            is_pair,
            datatype: self.i16(12),
            bitpix: self.i16(14),
            dim: std::array::from_fn(|k| self.i64(16 + 8 * k)),
            pixdim: self.f64s(104),
            // Beyond 2⁵³ no file is as long.
            vox_offset: self.i64(168) as f64,
            scl_slope: self.f64(176),
            scl_inter: self.f64(184),
            qform_code: self.i32(344),
            sform_code: self.i32(348),
            quatern: self.f64s(352),
            qoffset: self.f64s(376),
            srow: [self.f64s(400), self.f64s(432), self.f64s(464)],
            xyzt_units: self.i32(500) as u8,
        }
    }
}
