//! DICOM files whose data set is deflated (Deflated Explicit VR Little Endian).

use std::{
    io::{Read as _, Write as _},
    path::Path,
};

use dicom_dictionary_std::uids;
use dicom_object::FileMetaTableBuilder;
use engine::formats::dicom::{Colour, Series};
use flate2::{Compression, write::DeflateEncoder};
use tests::{
    dicom::{encode, slice},
    volumes::values,
};

use super::tree::Tree;

/// Where the length of the file meta information stands, and where what it counts begins.
const META: usize = 144;

/// Returns the data set of a file that is written as it is.
fn dataset(file: &[u8]) -> &[u8] {
    let length = file[META - 4..META].try_into().expect("four bytes");
    &file[META + u32::from_le_bytes(length) as usize..]
}

fn packed(bytes: impl std::io::Read) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let mut bytes = bytes;
    std::io::copy(&mut bytes, &mut encoder).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// Returns a file that says it is deflated, and goes on with these bytes.
fn deflated(rest: &[u8]) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("1.2.3")
        .build()
        .expect("it has all that it must");
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    meta.write(&mut file).expect("memory can be written");
    file.write_all(rest).expect("memory can be written");
    file
}

fn read(path: &Path) -> Result<Series, String> {
    Series::read(&[path.to_owned()], Colour::Refuse).map_err(|error| error.to_string())
}

#[test]
fn a_deflated_file_is_read_as_the_plain_one() {
    let tree = Tree::new();
    let plain = encode(&slice(1));
    tree.write("plain", &plain);
    let mut file = deflated(&packed(dataset(&plain)));
    // Padded to an even length.
    file.push(0);
    tree.write("deflated", &file);
    let [plain, deflated] = ["plain", "deflated"].map(|name| {
        let series = read(&tree.path(name)).expect("it is good");
        let values = values(&series.volume);
        (series.volume.grid, values)
    });
    assert!(plain.1.iter().any(|&value| value > plain.1[0]));
    assert_eq!(plain, deflated);
}

#[test]
fn deflated_files_that_are_broken_or_hostile() {
    let tree = Tree::new();
    let good = packed(dataset(&encode(&slice(1))));
    let failure = |rest: &[u8]| {
        tree.write("file", &deflated(rest));
        read(&tree.path("file")).err().expect("something is wrong")
    };
    for length in [0, 1, good.len() / 2] {
        let message = failure(&good[..length]);
        assert!(message.contains("truncated"), "{length}: {message}");
    }
    assert!(failure(&[0xff; 40]).contains("cannot be decoded"));
    // A pixel element that is longer than what is inflated.
    let mut lying = dataset(&encode(&slice(1))).to_vec();
    let pixels = (lying.windows(4))
        .position(|tag| tag == [0xe0, 0x7f, 0x10, 0x00])
        .expect("it has pixels");
    lying[pixels + 8..pixels + 12].copy_from_slice(&0x7fff_0000_u32.to_le_bytes());
    assert!(failure(&packed(&*lying)).contains("2147418112 bytes of (7FE0,0010)"));
    // Of 100 MB nothing, 100 kB: refused before all of it is in memory.
    let bomb = packed(std::io::repeat(0).take(100 << 20));
    assert!(bomb.len() < 200_000);
    let message = failure(&bomb);
    assert!(
        message.contains("deflated from more than 67108864 bytes"),
        "{message}"
    );
    assert!(message.contains("dcmconv +te"), "{message}");
}
