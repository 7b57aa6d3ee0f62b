//! NRRD files.

use engine::formats::volume::{ByteOrder, Sample};

use super::{Made, packing::gzip};

/// Returns an NRRD file: of the encoding `raw`, `gzip` or `ascii`; of a space by its name in the
/// format, or with `spacings` only, or with nothing (`none`).
pub fn nrrd(made: &Made, sample: Sample, order: ByteOrder, encoding: &str, space: &str) -> Vec<u8> {
    let [i, j, k] = made.shape;
    let [x, y, z] = made.spacing_mm();
    let kind = match sample {
        Sample::U8 => "uchar",
        Sample::I8 => "int8",
        Sample::U16 => "unsigned short",
        Sample::I16 => "short",
        Sample::U32 => "uint32_t",
        Sample::I32 => "int",
        Sample::U64 => "uint64",
        Sample::I64 => "long long",
        Sample::F32 => "float",
        Sample::F64 => "double",
    };
    let place = match space {
        "none" => String::new(),
        "spacings" => format!("spacings: {x} {y} {z}\n"),
        space => {
            let signs = match space {
                "LPS" | "left-posterior-superior" => [-1.0, -1.0, 1.0],
                "LAS" => [-1.0, 1.0, 1.0],
                _ => [1.0; 3],
            };
            let column = |axis: usize| {
                let [a, b, c] = [0, 1, 2].map(|w| signs[w] * made.world_from_voxel[w][axis]);
                format!("({a},{b},{c})")
            };
            format!(
                "space: {space}\nspace directions: {} {} {}\nspace origin: {}\n",
                column(0),
                column(1),
                column(2),
                column(3)
            )
        }
    };
    let end = if order == ByteOrder::Big {
        "big"
    } else {
        "little"
    };
    let header = format!(
        "NRRD0004\n# a comment\ntype: {kind}\ndimension: 3\n{place}sizes: {i} {j} {k}\n\
         kinds: domain domain domain\nendian: {end}\nencoding: {encoding}\nkey:=value: of a pair\n\n"
    );
    let mut file = header.into_bytes();
    let bytes = made.bytes(sample, order);
    match encoding {
        "gzip" => file.extend(gzip(&bytes)),
        "ascii" => {
            let words: Vec<String> = made.values.iter().map(i64::to_string).collect();
            file.extend(words.join(" ").bytes());
        }
        _ => file.extend(bytes),
    }
    file
}

/// Returns a segmentation as 3D Slicer writes it, in two layers that run fastest.
pub(super) fn layers(made: &Made) -> Vec<u8> {
    let file = nrrd(made, Sample::U8, ByteOrder::Little, "raw", "LPS");
    let end = file
        .windows(2)
        .position(|two| two == b"\n\n")
        .expect("it has a header");
    let header = String::from_utf8_lossy(&file[..end])
        .replace("dimension: 3", "dimension: 4")
        .replace("sizes: ", "sizes: 2 ")
        .replace("kinds: ", "kinds: list ")
        .replace("space directions: ", "space directions: none ");
    let mut layered = format!(
        "{header}\nSegment0_Name:=tumour\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n\
         Segment1_Name:=oedema\nSegment1_LabelValue:=1\nSegment1_Layer:=1\n\n"
    )
    .into_bytes();
    for &byte in &file[end + 2..] {
        layered.extend([byte % 2, byte % 5]);
    }
    layered
}
