//! A NumPy array as a picture. See [`read_picture`].

use ndarray::{Array2, Array3, ShapeBuilder as _};

use super::{
    FormatError,
    header::{Header, Kind},
};
use crate::formats::{
    raster::Raster,
    samples::Samples,
    source::Source,
    volume::{ByteOrder, Sample},
};

/// Reads an array of shape `[height, width]` or `[height, width, 3]`. 8 and 16 bits stay as stored;
/// `bool` becomes 0 and 255; wider integers become 16 bits if all fit.
///
/// # Errors
/// What is broken, or promised and not there; real numbers; integers below 0 or above 65535.
pub(in crate::formats) fn read_picture(source: Source) -> Result<Raster, FormatError> {
    let mut opened = source.open_unpacked()?;
    let header = Header::read(source, &mut opened.reader)?;
    let (height, width, channels) = match header.shape[..] {
        [height, width] => (height, width, 1),
        [height, width, channels @ (1 | 3)] => (height, width, channels),
        _ => {
            return Err(source.unsupported(format!(
                "has the shape {:?}; expected that of a picture, (height, width) or (height, width, 3)",
                header.shape
            )));
        }
    };
    if matches!(
        header.kind,
        Kind::Half | Kind::Number(Sample::F32 | Sample::F64)
    ) {
        return Err(source
            .unsupported("holds floating-point samples; convert it to 8 or 16 bits per sample"));
    }
    let shape = [height, width, channels];
    let samples = Samples {
        shape,
        sample: header.kind.sample(),
        order: header.order,
        outer: 1,
        frames: 1,
        inner: shape
            .iter()
            .fold(1, |all: u64, &n| all.saturating_mul(n as u64)),
        frame: 0,
    };
    let bytes = samples.read_plain(source, opened, 0)?;

    let shape = (height, width, channels).set_f(header.is_fortran);
    let fits = "as many samples were read";
    let is_small = matches!(samples.sample, Sample::U8);
    if is_small {
        let mut bytes = bytes;
        if header.kind == Kind::Bool {
            for byte in &mut bytes {
                *byte = if *byte == 0 { 0 } else { 255 };
            }
        }
        let all = Array3::from_shape_vec(shape, bytes).expect(fits);
        return Ok(split(all, Raster::Gray8, Raster::Rgb8));
    }
    let samples = narrowed(source, &samples, &bytes)?;
    let all = Array3::from_shape_vec(shape, samples).expect(fits);
    Ok(split(all, Raster::Gray16, Raster::Rgb16))
}

/// Returns gray or colours, by the number of channels, in row-major order.
fn split<T: Copy>(
    all: Array3<T>,
    gray: fn(Array2<T>) -> Raster,
    colours: fn(Array3<T>) -> Raster,
) -> Raster {
    let all = all.as_standard_layout().into_owned();
    if all.dim().2 == 1 {
        gray(all.remove_axis(ndarray::Axis(2)))
    } else {
        colours(all)
    }
}

/// Returns integers as 16 bits, if all fit.
fn narrowed(source: Source, as_said: &Samples, bytes: &[u8]) -> Result<Vec<u16>, FormatError> {
    let size = as_said.sample.bytes();
    let is_signed = matches!(
        as_said.sample,
        Sample::I8 | Sample::I16 | Sample::I32 | Sample::I64
    );
    let read = |bytes: &[u8]| {
        let fold = |all: u64, byte: &u8| all << 8 | u64::from(*byte);
        let bits = match as_said.order {
            ByteOrder::Little => bytes.iter().rev().fold(0, fold),
            ByteOrder::Big => bytes.iter().fold(0, fold),
        };
        // Below 0 the highest bit is set, and so is the sum too large.
        let sign = if is_signed { 1 << (8 * size - 1) } else { 0 };
        u16::try_from(bits)
            .ok()
            .filter(|&value| u64::from(value) & sign == 0)
    };
    let all: Option<Vec<u16>> = bytes.chunks_exact(size).map(read).collect();
    all.ok_or_else(|| {
        source.unsupported("holds numbers below 0 or above 65535; convert it to 8 or 16 bits")
    })
}
