//! MetaImage files.

use engine::formats::volume::{ByteOrder, Sample};

use super::{Made, packing::zlib};

/// Returns a MetaImage file, or only its header if `voxels` is not `LOCAL` but the name of a file.
pub fn metaimage(
    made: &Made,
    sample: Sample,
    order: ByteOrder,
    is_packed: bool,
    voxels: &str,
) -> Vec<u8> {
    let kind = match sample {
        Sample::U8 => "MET_UCHAR",
        Sample::I8 => "MET_CHAR",
        Sample::U16 => "MET_USHORT",
        Sample::I16 => "MET_SHORT",
        Sample::U32 => "MET_UINT",
        Sample::I32 => "MET_INT",
        Sample::U64 => "MET_ULONG_LONG",
        Sample::I64 => "MET_LONG_LONG",
        Sample::F32 => "MET_FLOAT",
        Sample::F64 => "MET_DOUBLE",
    };
    let bytes = made.bytes(sample, order);
    let bytes = if is_packed { zlib(&bytes) } else { bytes };
    let size = if is_packed {
        format!("CompressedDataSize = {}\n", bytes.len())
    } else {
        String::new()
    };
    let mut file = header(made, order, is_packed, &size);
    file.extend(format!("ElementType = {kind}\nElementDataFile = {voxels}\n").bytes());
    if voxels == "LOCAL" {
        file.extend(bytes);
    }
    file
}

/// Returns a file with three channels per voxel.
pub(super) fn colours(made: &Made) -> Vec<u8> {
    let mut file = header(
        made,
        ByteOrder::Little,
        false,
        "ElementNumberOfChannels = 3\n",
    );
    file.extend(b"ElementType = MET_UCHAR\nElementDataFile = LOCAL\n");
    for byte in made.bytes(Sample::U8, ByteOrder::Little) {
        file.extend([byte, byte / 2, 200 - byte]);
    }
    file
}

/// Returns all lines but the last two.
fn header(made: &Made, order: ByteOrder, is_packed: bool, more: &str) -> Vec<u8> {
    let [i, j, k] = made.shape;
    let [x, y, z] = made.spacing_mm();
    // Left and back instead of right and front.
    let column = |axis: usize, unit: f64| {
        let [a, b, c] = made.world_from_voxel.map(|row| row[axis] / unit);
        format!("{} {} {c}", -a, -b)
    };
    let is = |yes: bool| if yes { "True" } else { "False" };
    format!(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = {}\n\
         CompressedData = {}\n{more}TransformMatrix = {} {} {}\nOffset = {}\n\
         CenterOfRotation = 0 0 0\nAnatomicalOrientation = RAI\nElementSpacing = {x} {y} {z}\n\
         DimSize = {i} {j} {k}\n",
        is(order == ByteOrder::Big),
        is(is_packed),
        column(0, x),
        column(1, y),
        column(2, z),
        column(3, 1.0)
    )
    .into_bytes()
}
