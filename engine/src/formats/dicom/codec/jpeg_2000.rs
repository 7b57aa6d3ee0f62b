//! JPEG 2000, reversible and irreversible.

use hayro_jpeg2000::{ComponentData, DecodeSettings, DecoderContext, Image};

use super::{super::layout::Layout, check_size};

/// Where the header says how many components there are, in two bytes.
const COMPONENTS: usize = 40;
/// Where the header says the bits of the first component, and in the highest bit whether it is
/// signed (T.800 section A.5.1).
const DEPTH: usize = 42;

pub(super) fn decode(bytes: &[u8], layout: &Layout) -> Result<Vec<i64>, String> {
    // A codestream, without JP2's boxes (PS3.5 section 8.2.4).
    if !bytes.starts_with(&[0xff, 0x4f, 0xff, 0x51]) {
        return Err("is no JPEG 2000 codestream".to_owned());
    }
    // The decoder allocates for all components before anybody can count them.
    let components = bytes
        .get(COMPONENTS..COMPONENTS + 2)
        .ok_or("ends too early: it is truncated")?;
    let components = usize::from(u16::from_be_bytes([components[0], components[1]]));
    check_size(layout.columns, layout.rows, components, layout)?;
    let settings = DecodeSettings {
        resolve_palette_indices: false,
        ..DecodeSettings::default()
    };
    let image = Image::new(bytes, &settings).map_err(|error| error.to_string())?;
    check_size(
        image.width() as usize,
        image.height() as usize,
        layout.samples,
        layout,
    )?;
    let mut context = DecoderContext::default();
    let decoded = image
        .decode(&mut context)
        .map_err(|error| error.to_string())?;
    let components = decoded.components();
    let planes: Vec<&[f32]> = components.iter().map(ComponentData::samples).collect();
    check_size(layout.columns, layout.rows, planes.len(), layout)?;
    let pixels = layout.rows * layout.columns;
    if planes.iter().any(|plane| plane.len() != pixels) {
        return Err("has components of different sizes".to_owned());
    }
    // The decoder takes all samples for unsigned and adds half their range, also where the header
    // says that they are signed.
    let depth = *bytes.get(DEPTH).ok_or("ends too early: it is truncated")?;
    let bits = u32::from(depth & 0x7f) + 1;
    if bits > layout.allocated {
        return Err(format!(
            "has {bits} bits where its file says {}",
            layout.allocated
        ));
    }
    let added = if depth & 0x80 == 0 {
        0
    } else {
        1_i64 << (bits - 1)
    };
    let most = (1_i64 << bits) - 1;
    // Whole numbers up to 24 bits are exact in single precision. Waves swing over what they approximate.
    let sample = |place: usize| {
        let found = planes[place % planes.len()][place / planes.len()].round() as i64;
        found.clamp(0, most) - added
    };
    Ok((0..pixels * planes.len()).map(sample).collect())
}
