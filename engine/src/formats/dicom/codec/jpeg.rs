//! JPEG: baseline, extended with 8 bits, and lossless up to 16 bits.

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::{super::layout::Layout, check_size};

pub(super) fn decode(bytes: &[u8], layout: &Layout) -> Result<Vec<i64>, String> {
    let mut decoder = Decoder::new(bytes);
    // What the colours are is said by DICOM, not by JPEG.
    decoder.set_color_transform(ColorTransform::None);
    decoder.read_info().map_err(|error| error.to_string())?;
    let info = decoder.info().ok_or("has no header")?;
    let samples = match info.pixel_format {
        PixelFormat::L8 | PixelFormat::L16 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::CMYK32 => 4,
    };
    check_size(info.width.into(), info.height.into(), samples, layout)?;
    let size = info.pixel_format.pixel_bytes() / samples;
    decoder.set_max_decoding_buffer_size(layout.rows * layout.columns * samples * size);
    let decoded = decoder.decode().map_err(|error| error.to_string())?;
    Ok(if size == 2 {
        let number = |two: &[u8]| i64::from(u16::from_ne_bytes([two[0], two[1]]));
        decoded.chunks_exact(2).map(number).collect()
    } else {
        decoded.into_iter().map(i64::from).collect()
    })
}
