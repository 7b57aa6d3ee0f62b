//! DICOM series, whose pixels are read slice by slice: frames of one file or of many, and what is wrong with
//! them only once they are asked for.

use std::{fs, ops::ControlFlow, path::Path};

use dicom_core::{DataElement, PrimitiveValue, VR, value::PixelFragmentSequence};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use engine::{
    datasets::SliceData,
    formats::{
        Planes,
        dicom::{Colour, Series},
    },
};
use tests::{
    dicom::{SIZE, encode, encode_as, put, segmentation, slice},
    volumes::values,
};

use super::tree::Tree;

const COUNT: u16 = 3;

/// Returns the samples of a made-up slice.
fn samples(index: u16) -> Vec<u16> {
    let data = slice(index);
    let pixels = data.get(tags::PIXEL_DATA).expect("it has pixels");
    pixels.to_multi_int::<u16>().expect("of 16 bits")
}

/// Packs samples as RLE Lossless does: the high bytes, then the low ones, here without a repetition.
fn packed(samples: &[u16]) -> Vec<u8> {
    let control = samples.len() as u8 - 1;
    let part = |byte: fn(&u16) -> u8| [control].into_iter().chain(samples.iter().map(byte));
    let segment = samples.len() as u32 + 1;
    let mut bytes: Vec<u8> = [2, 64, 64 + segment]
        .into_iter()
        .chain([0; 13])
        .flat_map(u32::to_le_bytes)
        .collect();
    bytes.extend(part(|sample| (sample >> 8) as u8));
    bytes.extend(part(|sample| *sample as u8));
    bytes
}

/// Replaces the pixels of a data set by compressed frames, each in as many pieces as are given.
fn compress(data: &mut InMemDicomObject, frames: &[Vec<Vec<u8>>]) {
    let mut offsets = Vec::new();
    let mut place = 0;
    for frame in frames {
        offsets.push(place);
        place += frame
            .iter()
            .map(|piece| 8 + piece.len() as u32)
            .sum::<u32>();
    }
    let pieces: Vec<_> = frames.iter().flatten().cloned().collect();
    let pixels = PixelFragmentSequence::new(offsets, pieces);
    data.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
}

/// Returns a file with all slices as frames.
fn all_in_one() -> InMemDicomObject {
    let mut data = slice(0);
    put(&mut data, tags::NUMBER_OF_FRAMES, VR::IS, "3");
    put(&mut data, tags::GRID_FRAME_OFFSET_VECTOR, VR::DS, "0\\2\\4");
    let pixels: Vec<u16> = (0..COUNT).flat_map(samples).collect();
    let pixels = PrimitiveValue::U16(pixels.into());
    data.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
    data
}

/// Returns a series of three files, of which those compressed that are named.
fn tree(compressed: &[u16]) -> Tree {
    let tree = Tree::new();
    for index in 0..COUNT {
        let mut data = slice(index);
        let file = if compressed.contains(&index) {
            compress(&mut data, &[vec![packed(&samples(index))]]);
            encode_as(&data, uids::RLE_LOSSLESS)
        } else {
            encode(&data)
        };
        tree.write(&format!("d/p1/ct/{index}"), &file);
    }
    tree
}

fn read(tree: &Tree, names: &[&str]) -> Planes {
    let files: Vec<_> = names.iter().map(|name| tree.path(name)).collect();
    let series = Series::read(&files, Colour::Refuse);
    series.unwrap_or_else(|error| panic!("{error}")).volume
}

#[test]
fn slices_are_the_same_in_any_file_and_order() {
    let tree = tree(&[1]);
    tree.write("plain", &encode(&all_in_one()));
    let frames: Vec<_> = (0..COUNT).map(|index| packed(&samples(index))).collect();
    let mut whole = all_in_one();
    let unbroken: Vec<_> = frames.iter().map(|frame| vec![frame.clone()]).collect();
    compress(&mut whole, &unbroken);
    tree.write("whole", &encode_as(&whole, uids::RLE_LOSSLESS));
    let mut pieces = all_in_one();
    let broken = frames.iter().map(|frame| {
        let (start, end) = frame.split_at(70);
        vec![start.to_vec(), end.to_vec()]
    });
    compress(&mut pieces, &broken.collect::<Vec<_>>());
    tree.write("pieces", &encode_as(&pieces, uids::RLE_LOSSLESS));

    let expected: Vec<f64> = (0..COUNT)
        .flat_map(samples)
        .map(|sample| f64::from(sample) - 1024.0)
        .collect();
    let size = usize::from(SIZE[0] * SIZE[1]);
    for names in [
        &["d/p1/ct/0", "d/p1/ct/1", "d/p1/ct/2"][..],
        &["plain"],
        &["whole"],
        &["pieces"],
    ] {
        let volume = read(&tree, names);
        assert_eq!(values(&volume), expected, "{names:?}");
        for index in [2, 0, 1, 1] {
            let plane = volume.plane(index).expect("it is good");
            let found: Vec<_> = plane.values().collect();
            assert_eq!(found, expected[index * size..][..size], "{names:?}");
        }
        let whole = volume.whole().expect("it is good");
        assert!(whole.values().eq(expected.iter().copied()), "{names:?}");
    }
}

const WINDOW: &str = r#"dicom(name: "d", folder: "d", normalise: [soft_tissue])"#;

/// Plays the only case until something is wrong, and changes the folder after the first slice. Returns the
/// slices that were handed over.
fn played(tree: &Tree, declaration: &str, change: impl Fn()) -> (Vec<usize>, Result<(), String>) {
    let dataset = tree.open(declaration).expect("it has a good case");
    assert_eq!(dataset.case_count(), 1);
    let mut seen = Vec::new();
    let mut sink = |slice: SliceData| {
        if seen.is_empty() {
            change();
        }
        seen.push(slice.index);
        ControlFlow::Continue(())
    };
    let outcome = dataset.read(0, &mut sink);
    (seen, outcome.map(|_| ()).map_err(|error| error.to_string()))
}

#[test]
fn slices_that_go_while_others_are_read() {
    let resized = |bytes: usize| {
        move |path: &Path| {
            let file = fs::File::options().write(true).open(path);
            let file = file.expect("it was written");
            file.set_len(bytes as u64).expect("writable");
        }
    };
    let removed = |path: &Path| fs::remove_file(path).expect("it was written");
    let whole = encode(&slice(1)).len();
    let damages: [(&dyn Fn(&Path), &str); 4] = [
        (&removed, "cannot be read: "),
        (&resized(whole - 2), "when its header was read; restore"),
        (&resized(0), "has 0 bytes, and had"),
        (&resized(2 * whole), "when its header was read; restore"),
    ];
    for compressed in [&[][..], &[1]] {
        for (damage, expected) in damages {
            let tree = tree(compressed);
            tree.write("d/p1/seg", &encode(&segmentation(&[0, 1, 2])));
            let path = tree.path("d/p1/ct/1");
            let (seen, outcome) = played(&tree, WINDOW, || damage(&path));
            let message = outcome.expect_err("a slice is gone");
            assert_eq!(seen, [0], "{message}");
            assert!(
                message.starts_with(&path.display().to_string()) && message.contains(expected),
                "{message}"
            );
        }
    }
}

#[test]
fn frames_that_do_not_decode() {
    let damaged = |truth: &[u16]| {
        let tree = tree(&[]);
        let mut data = slice(1);
        let mut frame = packed(&samples(1));
        frame.truncate(100);
        compress(&mut data, &[vec![frame]]);
        tree.write("d/p1/ct/1", &encode_as(&data, uids::RLE_LOSSLESS));
        tree.write("d/p1/seg", &encode(&segmentation(truth)));
        tree
    };
    let expected = "cannot be decoded: frame 1: ends too early: it is truncated; restore";
    // Percentiles of the volume need all slices, before any of them.
    let volume = WINDOW.replace("soft_tissue", "min_max(volume)");
    for (declaration, before) in [(WINDOW, &[0][..]), (&volume, &[])] {
        let tree = damaged(&[0, 1, 2]);
        let (seen, outcome) = played(&tree, declaration, || ());
        let message = outcome.expect_err("a frame is damaged");
        assert!(
            message.contains("d/p1/ct/1: ") && message.contains(expected),
            "{message}"
        );
        assert_eq!(seen, before);
    }
    let across = WINDOW.replace("folder:", "axis: 0, folder:");
    assert!(played(&damaged(&[0]), &across, || ()).1.is_err());
    // Nobody asks for it.
    assert_eq!(
        played(&damaged(&[0, 2]), WINDOW, || ()),
        (vec![0, 2], Ok(()))
    );
}

#[test]
fn damage_that_is_found_before_any_slice_is_read() {
    let refused = |data: &InMemDicomObject, syntax: &str, cut: usize| {
        let tree = tree(&[]);
        let mut file = encode_as(data, syntax);
        file.truncate(file.len() - cut);
        tree.write("d/p1/ct/1", &file);
        let files = [0, 1, 2].map(|index| tree.path(&format!("d/p1/ct/{index}")));
        let error = Series::read(&files, Colour::Refuse).err();
        let message = error.expect("a file is damaged").to_string();
        assert!(
            message.starts_with(&files[1].display().to_string()),
            "{message}"
        );
        message
    };
    let mut data = slice(1);
    compress(&mut data, &[vec![packed(&samples(1))]]);
    // The delimiter, and a part of the frame.
    let message = refused(&data, uids::RLE_LOSSLESS, 30);
    assert!(message.contains("it is truncated; restore"), "{message}");
    let message = refused(&data, uids::MPEG2MPML, 0);
    assert!(
        message.contains("which is not read; decompress it"),
        "{message}"
    );
    // Process 4, lossy with more than 8 bits.
    let message = refused(&data, uids::JPEG_EXTENDED12_BIT, 0);
    assert!(
        message.contains("JPEG Extended with samples of 16 bits, of which only 8 are read; decompress it, for example with `gdcmconv --raw`"),
        "{message}"
    );
    let mut lying = data.clone();
    put(&mut lying, tags::NUMBER_OF_FRAMES, VR::IS, "2");
    let message = refused(&lying, uids::RLE_LOSSLESS, 0);
    assert!(message.contains("2 frames in 1 pieces"), "{message}");
}
