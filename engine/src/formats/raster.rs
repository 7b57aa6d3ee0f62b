//! Pictures: PNG, JPEG, BMP, TIFF, NumPy arrays. See [`read`].
//!
//! | stored | read as |
//! |---|---|
//! | gray, 1, 2 or 4 bits | 8-bit gray, scaled so that white is 255 |
//! | gray, 8 or 16 bits | as stored |
//! | RGB, 8 or 16 bits | as stored |
//! | PNG with a palette | the indices and the palette |
//! | BMP or TIFF with a palette, CMYK JPEG | 8-bit RGB |
//! | NumPy array, 8 or 16 bits | as stored |
//! | NumPy array, wider integers | 16-bit, if all fit |
//! | NumPy array of `bool` | 8-bit gray, 0 or 255 |
//! | an alpha channel | left out; the colours stay as they are |
//! | floating point, several pages | refused |
//!
//! The format is known by the content, not by the extension. EXIF orientation is not applied.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader};
use ndarray::{Array2, Array3};

use super::{FormatError, npy, source::Source};

/// The file extensions under which pictures are looked for, in lower case.
pub const EXTENSIONS: &[&str] = &["png", "jpg", "jpeg", "bmp", "tif", "tiff", "npy"];

/// Deflate packs at most 1032 bytes into one, and one byte may hold eight pixels.
const DENSEST: u64 = 1032 * 8;
/// What any file may ask for: a blank page of a fax packs better than [`DENSEST`].
const HARMLESS: u64 = 16 << 20;
/// What no file may ask for.
const LARGEST: u64 = 512 << 20;

/// The samples of a picture, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raster {
    /// `[height, width]`.
    Gray8(Array2<u8>),
    /// `[height, width]`.
    Gray16(Array2<u16>),
    /// `[height, width, 3]`.
    Rgb8(Array3<u8>),
    /// `[height, width, 3]`.
    Rgb16(Array3<u16>),
    /// Every index is less than the number of colours.
    Palette {
        /// `[height, width]`.
        indices: Array2<u8>,
        /// RGB.
        colours: Vec<[u8; 3]>,
    },
}

impl Raster {
    /// Returns height and width in pixels.
    pub fn size(&self) -> [usize; 2] {
        let (height, width) = match self {
            Self::Gray8(gray) => gray.dim(),
            Self::Gray16(gray) => gray.dim(),
            Self::Rgb8(rgb) => (rgb.dim().0, rgb.dim().1),
            Self::Rgb16(rgb) => (rgb.dim().0, rgb.dim().1),
            Self::Palette { indices, .. } => indices.dim(),
        };
        [height, width]
    }
}

/// Reads a picture.
///
/// # Errors
/// [`FormatError::Promise`] before anything is allocated for a header that lies; else what the
/// decoder says.
pub fn read(path: &Path) -> Result<Raster, FormatError> {
    let source = Source { path };
    let unreadable = |error| source.unreadable(error);
    let (mut file, bytes) = source.open()?;
    if file.fill_buf().map_err(unreadable)?.starts_with(npy::MARK) {
        return npy::read_picture(source);
    }
    let broken = |error: ImageError| match error {
        ImageError::IoError(error) if error.raw_os_error().is_some() => unreadable(error),
        other => source.broken(other.to_string()),
    };

    let reader = ImageReader::new(&mut file)
        .with_guessed_format()
        .map_err(unreadable)?;
    match reader.format() {
        Some(ImageFormat::Png) => {
            drop(reader);
            if let Some(raster) = read_palette(&mut file, path, bytes)? {
                return Ok(raster);
            }
            file.rewind().map_err(unreadable)?;
        }
        Some(ImageFormat::Tiff) => {
            drop(reader);
            if has_second_page(&mut file).unwrap_or(false) {
                return Err(FormatError::Unsupported {
                    path: path.to_owned(),
                    problem: "has several pages; save each page as a file of its own".to_owned(),
                });
            }
            file.rewind().map_err(unreadable)?;
        }
        Some(ImageFormat::Jpeg) => {
            drop(reader);
            if is_cut_short(&mut file).map_err(unreadable)? {
                return Err(FormatError::Broken {
                    path: path.to_owned(),
                    problem: "ends too early: it is truncated".to_owned(),
                });
            }
            file.rewind().map_err(unreadable)?;
        }
        Some(ImageFormat::Bmp) => drop(reader),
        _ => {
            return Err(FormatError::Unknown {
                path: path.to_owned(),
                expected: "PNG, JPEG, BMP, TIFF, NumPy",
            });
        }
    }

    let reader = ImageReader::new(file)
        .with_guessed_format()
        .map_err(unreadable)?;
    let decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    check_promise(path, bytes, width, height, decoder.total_bytes())?;
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    from_decoded(image).ok_or_else(|| FormatError::Unsupported {
        path: path.to_owned(),
        problem: "holds floating-point samples; convert it to 8 or 16 bits per sample".to_owned(),
    })
}

/// Refuses dimensions that the size of the file cannot justify, or that no machine should meet.
fn check_promise(
    path: &Path,
    bytes: u64,
    width: u32,
    height: u32,
    decoded: u64,
) -> Result<(), FormatError> {
    if decoded > bytes.saturating_mul(DENSEST).clamp(HARMLESS, LARGEST) {
        return Err(FormatError::Promise {
            path: path.to_owned(),
            promised: format!("{width}×{height} pixels"),
            bytes,
        });
    }
    Ok(())
}

/// Brings what the decoder returns into one of our kinds; `None` for floating point.
fn from_decoded(image: DynamicImage) -> Option<Raster> {
    let image = match image {
        DynamicImage::ImageLumaA8(_) => DynamicImage::ImageLuma8(image.into_luma8()),
        DynamicImage::ImageLumaA16(_) => DynamicImage::ImageLuma16(image.into_luma16()),
        DynamicImage::ImageRgba8(_) => DynamicImage::ImageRgb8(image.into_rgb8()),
        DynamicImage::ImageRgba16(_) => DynamicImage::ImageRgb16(image.into_rgb16()),
        other => other,
    };
    let (height, width) = (image.height() as usize, image.width() as usize);
    let fits = "the decoder fills height × width × channels samples";
    Some(match image {
        DynamicImage::ImageLuma8(gray) => {
            Raster::Gray8(Array2::from_shape_vec((height, width), gray.into_raw()).expect(fits))
        }
        DynamicImage::ImageLuma16(gray) => {
            Raster::Gray16(Array2::from_shape_vec((height, width), gray.into_raw()).expect(fits))
        }
        DynamicImage::ImageRgb8(rgb) => {
            Raster::Rgb8(Array3::from_shape_vec((height, width, 3), rgb.into_raw()).expect(fits))
        }
        DynamicImage::ImageRgb16(rgb) => {
            Raster::Rgb16(Array3::from_shape_vec((height, width, 3), rgb.into_raw()).expect(fits))
        }
        _ => return None,
    })
}

/// Reads a PNG that has a palette, which `image` would replace by its colours. `None` without one.
fn read_palette(
    file: &mut BufReader<File>,
    path: &Path,
    bytes: u64,
) -> Result<Option<Raster>, FormatError> {
    let broken = |problem: String| FormatError::Broken {
        path: path.to_owned(),
        problem,
    };
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::IDENTITY);
    let mut reader = decoder
        .read_info()
        .map_err(|error| broken(error.to_string()))?;
    let info = reader.info();
    if info.color_type != png::ColorType::Indexed {
        return Ok(None);
    }
    let (width, height) = (info.width, info.height);
    check_promise(
        path,
        bytes,
        width,
        height,
        u64::from(width) * u64::from(height),
    )?;
    let colours: Vec<[u8; 3]> = info
        .palette
        .iter()
        .flat_map(|palette| palette.chunks_exact(3))
        .map(|rgb| [rgb[0], rgb[1], rgb[2]])
        .collect();
    let bits = info.bit_depth as usize;

    let packed_size = reader
        .output_buffer_size()
        .ok_or_else(|| broken("too large".to_owned()))?;
    let mut packed = vec![0; packed_size];
    let frame = reader
        .next_frame(&mut packed)
        .map_err(|error| broken(error.to_string()))?;
    let mask = ((1_u32 << bits) - 1) as u8;
    let indices = Array2::from_shape_fn((height as usize, width as usize), |(y, x)| {
        let bit = x * bits;
        (packed[y * frame.line_size + bit / 8] >> (8 - bits - bit % 8)) & mask
    });
    if indices
        .iter()
        .any(|&index| usize::from(index) >= colours.len())
    {
        return Err(broken(format!(
            "a pixel points beyond the {} colours of the palette",
            colours.len()
        )));
    }
    Ok(Some(Raster::Palette { indices, colours }))
}

/// Returns whether a JPEG has no end after the start of its last scan; its decoder would fill in gray.
/// (Neither marker can occur within a scan, and a thumbnail with both comes before it.)
fn is_cut_short(file: &mut BufReader<File>) -> io::Result<bool> {
    let mut last = 0;
    let mut is_open = true;
    for byte in file.bytes() {
        let byte = byte?;
        match (last, byte) {
            (0xff, 0xda) => is_open = true,
            (0xff, 0xd9) => is_open = false,
            _ => {}
        }
        last = byte;
    }
    Ok(is_open)
}

/// Returns whether a TIFF's first directory points to a second one. `None` if the file ends first,
/// and for a `BigTIFF`; the decoder will say what is wrong, if anything is.
fn has_second_page(file: &mut BufReader<File>) -> Option<bool> {
    let mut header = [0; 8];
    file.read_exact(&mut header).ok()?;
    let little = header.starts_with(b"II");
    let number = |bytes: [u8; 4]| {
        if little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        }
    };
    let is_classic = header[2..4] == if little { [42, 0] } else { [0, 42] };
    if !is_classic {
        return None;
    }
    let [.., a, b, c, d] = header;
    file.seek(SeekFrom::Start(u64::from(number([a, b, c, d]))))
        .ok()?;
    let mut count = [0; 2];
    file.read_exact(&mut count).ok()?;
    let entries = if little {
        u16::from_le_bytes(count)
    } else {
        u16::from_be_bytes(count)
    };
    file.seek_relative(12 * i64::from(entries)).ok()?;
    let mut next = [0; 4];
    file.read_exact(&mut next).ok()?;
    Some(number(next) != 0)
}
