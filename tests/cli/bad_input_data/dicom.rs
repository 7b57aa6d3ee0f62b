//! DICOM folders.

use std::fs;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use tests::dicom::{
    encode, encode_as, put, put_items, put_number, segmentation, slice, structures, texts,
};

use super::tree::Tree;

/// Retired, but files remain.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

const DICOM: &str = r#"dicom(name: "d", folder: "d")"#;

/// Returns a folder with three slices, changed, and a segmentation of the middle one.
fn tree(change: impl Fn(u16, &mut InMemDicomObject)) -> Tree {
    let tree = Tree::new();
    for index in 0..3 {
        let mut data = slice(index);
        change(index, &mut data);
        tree.write(&format!("d/p1/ct/{index}"), &encode(&data));
    }
    tree.write("d/p1/seg/liver", &encode(&segmentation(&[1])));
    tree
}

/// Returns what is wrong with the only case.
fn failure(change: impl Fn(u16, &mut InMemDicomObject)) -> String {
    outcome(&tree(change)).expect_err("something is wrong")
}

fn outcome(tree: &Tree) -> Result<usize, String> {
    let outcomes = tree.outcomes(DICOM);
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(outcomes[0].0, "p1/ct/s4");
    outcomes[0].1.clone()
}

#[test]
fn a_good_folder_is_read() {
    let tree = tree(|_, _| ());
    assert_eq!(outcome(&tree), Ok(1));
    assert_eq!(tree.open(DICOM).expect("it is good").objects(), ["Liver"]);
    // Whatever lies beside it, and whatever the encoding.
    tree.write("d/p1/ct/notes.txt", b"hello");
    tree.write("d/p1/ct/.hidden", &encode(&slice(1)));
    for (index, syntax) in [uids::IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN]
        .into_iter()
        .enumerate()
    {
        let index = index as u16;
        tree.write(
            &format!("d/p1/ct/{index}"),
            &encode_as(&slice(index), syntax),
        );
    }
    assert_eq!(outcome(&tree), Ok(1));
    tree.write("d/p1/rs", &encode(&structures(&[0, 1, 2])));
    assert_eq!(outcome(&tree), Ok(3));
    let dataset = tree.open(DICOM).expect("it is good");
    assert_eq!(dataset.objects(), ["GTV_1", "Liver"]);
    let mut pixels = [0; 2];
    let mut shown = Vec::new();
    let mut sink = |slice: engine::datasets::SliceData| {
        for mask in &slice.masks {
            pixels[mask.object] += mask.bitmap.iter().filter(|&&inside| inside).count();
        }
        shown.push(slice.pixels[[0, 0, 0]]);
        assert_eq!(slice.spacing_mm, Some([0.5, 0.7]));
        std::ops::ControlFlow::Continue(())
    };
    dataset.read(0, &mut sink).expect("it is good");
    assert_eq!((pixels, shown), ([3 * 6, 10], vec![0, 0, 0]));
}

#[test]
fn series_that_are_no_stack() {
    let at = |index: u16, height: &'static str| {
        move |number: u16, data: &mut InMemDicomObject| {
            if number == index {
                put(
                    data,
                    tags::IMAGE_POSITION_PATIENT,
                    VR::DS,
                    &format!("10\\20\\{height}"),
                );
            }
        }
    };
    assert_eq!(
        failure(at(2, "2")),
        "d/p1/ct/2: lies where d/p1/ct/1 does: the series has several times, echoes or copies; keep one of \
         each place in the folder"
    );
    assert_eq!(
        failure(at(2, "2.8")),
        "d/p1/ct/1: lies 0.60 mm from where the distance between slices puts it after d/p1/ct/0; resample \
         the series evenly, or restore missing slices"
    );
    let turned = |number: u16, data: &mut InMemDicomObject| {
        if number == 1 {
            put(
                data,
                tags::IMAGE_ORIENTATION_PATIENT,
                VR::DS,
                "1\\0\\0\\0\\0\\1",
            );
        }
    };
    assert!(
        failure(turned).contains("d/p1/ct/1: is turned against d/p1/ct/0 of the same series; keep")
    );
    let wider = |number: u16, data: &mut InMemDicomObject| {
        if number == 2 {
            put(data, tags::PIXEL_SPACING, VR::DS, "0.5\\0.8");
        }
    };
    assert!(failure(wider).contains("has other distances between its pixels than d/p1/ct/0"));
    let lost = |number: u16, data: &mut InMemDicomObject| {
        if number == 2 {
            data.remove_element(tags::IMAGE_POSITION_PATIENT);
        }
    };
    assert!(
        failure(lost)
            .contains("d/p1/ct/2: has no ImagePositionPatient, but others of its series have")
    );
    let unspaced = |_: u16, data: &mut InMemDicomObject| {
        data.remove_element(tags::PIXEL_SPACING);
    };
    assert!(failure(unspaced).contains("has no PixelSpacing; export it again"));
    let nonsense = |_: u16, data: &mut InMemDicomObject| {
        put(data, tags::PIXEL_SPACING, VR::DS, "0\\0.7");
    };
    assert!(failure(nonsense).contains("its pixel spacing 0\\0.7 is no pair of millimetres"));
    let nowhere = |_: u16, data: &mut InMemDicomObject| {
        put(
            data,
            tags::IMAGE_ORIENTATION_PATIENT,
            VR::DS,
            "1\\0\\0\\1\\0\\0",
        );
    };
    assert!(failure(nowhere).contains("are no place in space; restore"));
}

#[test]
fn a_missing_slice_is_told() {
    let tree = Tree::new();
    for index in [0, 1, 3, 4, 5] {
        tree.write(&format!("d/p1/ct/{index}"), &encode(&slice(index)));
    }
    tree.write("d/p1/seg/liver", &encode(&segmentation(&[1])));
    assert_eq!(
        outcome(&tree),
        Err(
            "d/p1/ct/1: 1 slice is missing between it and d/p1/ct/3; restore it from the source"
                .to_owned()
        )
    );
}

#[test]
fn headers_that_lie() {
    let rows = |_: u16, data: &mut InMemDicomObject| put_number(data, tags::ROWS, 60_000);
    assert_eq!(
        failure(rows).split(", more than").next(),
        Some("d/p1/ct/0: its header promises 1 frames of 6×60000 pixels of 16 bits")
    );
    let frames = |_: u16, data: &mut InMemDicomObject| {
        put(data, tags::NUMBER_OF_FRAMES, VR::IS, "2000000000");
    };
    assert!(failure(frames).contains("2000000000 frames of 6×5 pixels"));
    for (tag, number, expected) in [
        (tags::ROWS, 0, "has 0 rows"),
        (tags::COLUMNS, 0, "has 0 columns"),
        (tags::BITS_ALLOCATED, 0, "has 0 bits per sample"),
        (tags::BITS_ALLOCATED, 12, "has 16 used bits per sample"),
        (
            tags::BITS_ALLOCATED,
            64,
            "has 64 bits per sample; convert it",
        ),
        (tags::BITS_STORED, 17, "has 17 used bits"),
        (tags::HIGH_BIT, 3, "has 3 as highest bit"),
        (tags::SAMPLES_PER_PIXEL, 9, "has 9 samples per pixel"),
        (
            tags::SAMPLES_PER_PIXEL,
            3,
            "6×5 pixels of 48 bits, more than a file",
        ),
    ] {
        let message = failure(|_, data| put_number(data, tag, number));
        assert!(message.contains(expected), "{message}");
    }
    let scale = |_: u16, data: &mut InMemDicomObject| put(data, tags::RESCALE_SLOPE, VR::DS, "0");
    assert!(failure(scale).contains("scales its values by 0"));
    let scale = |_: u16, data: &mut InMemDicomObject| put(data, tags::RESCALE_SLOPE, VR::DS, "x");
    assert!(failure(scale).contains("scales its values by x"));
}

#[test]
fn files_that_are_cut_short() {
    let whole = encode(&slice(1));
    for end in (132..whole.len()).step_by(5) {
        let tree = tree(|_, _| ());
        tree.write("d/p1/ct/1", &whole[..end]);
        let outcomes = tree.outcomes(DICOM);
        let broken = outcomes
            .iter()
            .filter_map(|(_, outcome)| outcome.as_ref().err());
        let broken: Vec<_> = broken.collect();
        assert!(!broken.is_empty(), "{end} of {} bytes", whole.len());
        for message in broken {
            let ways_out = ["restore", "resample the mask"];
            assert!(
                ways_out.iter().any(|way| message.contains(way)),
                "{end}: {message}"
            );
        }
    }
}

#[test]
fn elements_that_reach_beyond_the_end() {
    let whole = encode(&slice(1));
    let place = whole
        .windows(4)
        .position(|four| four == [0x28, 0, 0x10, 0])
        .expect("it has rows");
    // The length of an element of bytes, in four bytes.
    let mut long = whole[..place].to_vec();
    long.extend([0x28, 0, 0x10, 0, b'O', b'B', 0, 0, 0xf0, 0xff, 0xff, 0x7f]);
    let tree = tree(|_, _| ());
    tree.write("d/p1/ct/1", &long);
    let outcomes = tree.outcomes(DICOM);
    let message = outcomes
        .iter()
        .find(|(id, _)| id == "p1/ct/1")
        .map(|(_, outcome)| outcome.clone());
    assert!(
        message.is_some_and(|outcome| outcome.is_err_and(
            |text| text.contains("promises 2147483632 bytes of (0028,0010) where 0 are left")
        )),
        "{outcomes:?}"
    );
}

#[test]
fn sequences_without_end() {
    let mut deep = encode(&slice(1));
    deep.truncate(deep.len() - 72);
    for _ in 0..100_000 {
        // A sequence of undefined length, with an item of undefined length.
        deep.extend([
            0x08, 0, 0x15, 0x11, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff,
        ]);
        deep.extend([0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff]);
    }
    let tree = tree(|_, _| ());
    tree.write("d/p1/ct/1", &deep);
    let outcomes = tree.outcomes(DICOM);
    assert!(
        outcomes.iter().any(|(_, outcome)| outcome
            .as_ref()
            .is_err_and(|text| text.contains("nests sequences deeper than 32"))),
        "{outcomes:?}"
    );
}

#[test]
fn pictures_of_a_kind_that_is_not_read() {
    let colour = |_: u16, data: &mut InMemDicomObject| {
        put(data, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB");
        put_number(data, tags::SAMPLES_PER_PIXEL, 3);
        put_number(data, tags::BITS_ALLOCATED, 8);
        put_number(data, tags::BITS_STORED, 8);
        put_number(data, tags::HIGH_BIT, 7);
        put_number(data, tags::PIXEL_REPRESENTATION, 0);
        let pixels: Vec<u8> = (0..90).collect();
        data.put(DataElement::new(
            tags::PIXEL_DATA,
            VR::OB,
            PrimitiveValue::U8(pixels.into()),
        ));
    };
    assert!(failure(colour).contains("is in colour (RGB); declare `colour: gray`"));
    let gray = DICOM.replace("folder:", "colour: gray, folder:");
    assert_eq!(tree(colour).outcomes(&gray)[0].1, Ok(1));
    let palette = |_: u16, data: &mut InMemDicomObject| {
        put(
            data,
            tags::PHOTOMETRIC_INTERPRETATION,
            VR::CS,
            "PALETTE COLOR",
        );
    };
    assert!(failure(palette).contains("PALETTE COLOR; convert it to MONOCHROME2"));
    let table = |_: u16, data: &mut InMemDicomObject| {
        put_items(
            data,
            tags::MODALITY_LUT_SEQUENCE,
            vec![InMemDicomObject::new_empty()],
        );
    };
    assert!(failure(table).contains("through a table (Modality LUT); export it"));
    let tiles = |_: u16, data: &mut InMemDicomObject| {
        let tag = tags::TOTAL_PIXEL_MATRIX_COLUMNS;
        data.put(DataElement::new(
            tag,
            VR::UL,
            PrimitiveValue::from(1000_u32),
        ));
    };
    assert!(failure(tiles).contains("is a slide in tiles; export"));

    let tree = tree(|_, _| ());
    let mut video = encode(&slice(1));
    // The same length, so that only the name changes: High-Throughput JPEG 2000, then a compressed data set.
    let name = video
        .windows(19)
        .position(|part| part == b"1.2.840.10008.1.2.1")
        .expect("it says its syntax");
    video[name..name + 19].copy_from_slice(b"1.2.840.10008.9.9.9");
    tree.write("d/p1/ct/1", &video);
    let outcomes = tree.outcomes(DICOM);
    assert!(
        outcomes.iter().any(
            |(_, outcome)| outcome.as_ref().is_err_and(|text| text.contains(
                "is encoded as 1.2.840.10008.9.9.9, which is not read; convert it, for example with"
            ))
        ),
        "{outcomes:?}"
    );
}

#[test]
fn truth_that_does_not_fit() {
    let tree = tree(|_, _| ());
    let mut moved = segmentation(&[1]);
    let mut frame = moved
        .get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .and_then(|element| element.items())
        .expect("it has a frame")[0]
        .clone();
    let position = (tags::IMAGE_POSITION_PATIENT, VR::DS, "10\\20\\2.9");
    put_items(
        &mut frame,
        tags::PLANE_POSITION_SEQUENCE,
        vec![texts(&[position])],
    );
    put_items(
        &mut moved,
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![frame],
    );
    tree.write("d/p1/seg/liver", &encode(&moved));
    let message = outcome(&tree).expect_err("it lies between slices");
    assert!(
        message.starts_with(
            "d/p1/seg/liver is 6×5×1 voxels of 0.70×0.50×1.00 mm, LPS, from (-10.0, -20.0, 2.9), but its image \
             d/p1/ct/0 is 6×5×3 voxels of 0.70×0.50×2.00 mm, LPS, from (-10.0, -20.0, 0.0); resample the mask"
        ),
        "{message}"
    );

    let mut fractional = segmentation(&[1]);
    put(
        &mut fractional,
        tags::SEGMENTATION_TYPE,
        VR::CS,
        "FRACTIONAL",
    );
    put_number(&mut fractional, tags::MAXIMUM_FRACTIONAL_VALUE, 1);
    tree.write("d/p1/seg/liver", &encode(&fractional));
    assert!(outcome(&tree).is_err_and(|text| text.contains("; declare `fractional: 0.5`")));
    let half = DICOM.replace("folder:", "fractional: 0.5, folder:");
    assert_eq!(tree.outcomes(&half)[0].1, Ok(1));

    fs::remove_file(tree.path("d/p1/seg/liver")).expect("it was written");
    tree.write("d/p1/rs", &encode(&structures(&[1, 7])));
    let message = outcome(&tree).expect_err("a contour is beyond the stack");
    assert!(
        message.contains("region `GTV 1`, a contour between slices 7.00 and 7.00 of 0 to 2"),
        "{message}"
    );

    let nothing = segmentation(&[]);
    tree.write("d/p1/rs", &encode(&nothing));
    assert!(outcome(&tree).is_err());
}

#[test]
fn truth_and_images_without_one_another() {
    let tree = tree(|_, _| ());
    let mut other = segmentation(&[1]);
    let series = texts(&[(tags::SERIES_INSTANCE_UID, VR::UI, "9.9.9")]);
    put_items(&mut other, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    tree.write("d/p1/seg/lone", &encode(&other));
    let outcomes = tree.outcomes(DICOM);
    assert_eq!(outcomes[1].0, "p1/seg/lone");
    assert!(outcomes[1].1.as_ref().is_err_and(|text| text
        == "d/p1/seg/lone: the images that it was drawn on are not in d; add them, or declare `unpaired: skip`"));
    let skip = DICOM.replace("folder:", "unpaired: skip, folder:");
    assert_eq!(tree.outcomes(&skip).len(), 1);

    for index in 0..2 {
        let mut data = slice(index);
        put(&mut data, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.99");
        put(&mut data, tags::SERIES_NUMBER, VR::IS, "7");
        tree.write(&format!("d/p1/ct/scout{index}"), &encode(&data));
    }
    assert_eq!(
        tree.outcomes(&skip).len(),
        1,
        "a series that nobody segmented"
    );
    for (declaration, expected) in [
        (
            r#"modality: "mr","#,
            "found 7 DICOM files (5 images of modality CT), 1 that cannot be used",
        ),
        (
            r#"series: "*coronal","#,
            "series of images of that description",
        ),
        (r#"images: "{stem}/mr","#, "in folders `{stem}/mr`"),
    ] {
        let declared = DICOM.replace("folder:", &format!("{declaration} folder:"));
        // The lone segmentation does not make a dataset.
        let message = tree.refusal(&declared);
        assert!(message.contains(expected), "{message}");
    }
    for declaration in [
        r#"modality: "ct","#,
        r#"series: "*AXIAL","#,
        r#"images: "{stem}/ct","#,
    ] {
        let declared = skip.replace("folder:", &format!("{declaration} folder:"));
        assert_eq!(tree.outcomes(&declared).len(), 1);
    }
    assert!(
        tree.refusal(&DICOM.replace("folder: \"d\"", "folder: \"no\""))
            .contains("no: cannot be listed")
    );
}

#[test]
fn objects_by_label_and_number() {
    let tree = tree(|_, _| ());
    tree.write("d/p1/rs", &encode(&structures(&[0])));
    let objects = |objects: &str| {
        let declared = DICOM.replace("folder:", &format!("objects: [{objects}], folder:"));
        tree.outcomes(&declared)[0].1.clone()
    };
    assert_eq!(objects(r#"(name: "liver")"#), Ok(1));
    assert_eq!(objects(r#"(name: "any", files: ["*"])"#), Ok(2));
    assert_eq!(objects(r#"(name: "tumour", files: ["gtv*"])"#), Ok(1));
    assert_eq!(objects(r#"(name: "first", inside: values([1]))"#), Ok(2));
    assert!(
        objects(r#"(name: "second", inside: values([2]))"#)
            .is_err_and(|text| text.contains("check `objects`"))
    );
    let twice = DICOM.replace("folder:", r#"objects: [(name: "a"), (name: "a")], folder:"#);
    assert!(tree.refusal(&twice).contains("two objects are called `a`"));
    for (wrong, expected) in [
        ("inside: paper,", "are for pictures"),
        ("inside: above(3),", "have no values"),
        (r#"images: "{n}_{stem}","#, "are for masks"),
        (r#"truth: series("{stem}/GT"),"#, "needs `images`"),
        (
            r#"images: "{stem}/T2", truth: series("{id}/GT"),"#,
            "the same placeholders",
        ),
        (
            r#"images: "{stem}/T2", truth: series("{stem}/GT"),"#,
            "has no `objects`",
        ),
    ] {
        let message = tree.refusal(&DICOM.replace("folder:", &format!("{wrong} folder:")));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn masks_as_series_and_as_volumes() {
    let tree = tree(|_, _| ());
    for index in 0..3 {
        let mut mask = slice(index);
        put(&mut mask, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.77");
        put(&mut mask, tags::RESCALE_INTERCEPT, VR::DS, "0");
        let pixels: Vec<u16> = (0..30)
            .map(|pixel| if index == 2 && pixel > 20 { 255 } else { 0 })
            .collect();
        mask.put(DataElement::new(
            tags::PIXEL_DATA,
            VR::OW,
            PrimitiveValue::U16(pixels.into()),
        ));
        tree.write(&format!("d/p1/GT/prostate/{index}"), &encode(&mask));
    }
    let series = DICOM.replace(
        "folder:",
        r#"images: "{stem}/ct", truth: series("{stem}/GT/{object}"), folder:"#,
    );
    assert_eq!(outcome_of(&tree, &series), Ok(1));
    assert_eq!(
        tree.open(&series).expect("it is good").objects(),
        ["prostate"]
    );
    // A mask of fewer slices.
    fs::remove_file(tree.path("d/p1/GT/prostate/0")).expect("it was written");
    let message = outcome_of(&tree, &series).expect_err("it does not fit");
    assert!(
        message.contains("is 6×5×2 voxels") && message.contains("is 6×5×3 voxels"),
        "{message}"
    );
    fs::remove_dir_all(tree.path("d/p1/GT")).expect("it was written");
    let message = tree.refusal(&series);
    assert!(
        message.contains("their truth: series(\"{stem}/GT/{object}\")"),
        "{message}"
    );
}

fn outcome_of(tree: &Tree, declaration: &str) -> Result<usize, String> {
    let outcomes = tree.outcomes(declaration);
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes[0].1.clone()
}

#[cfg(unix)]
#[test]
fn links_and_permissions() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let tree = tree(|_, _| ());
    symlink(tree.path("d"), tree.path("d/p1/ct/loop")).expect("links can be made");
    symlink(tree.path("nowhere"), tree.path("d/p1/dangling")).expect("links can be made");
    let outcomes = tree.outcomes(DICOM);
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert_eq!(outcomes[0].1, Ok(1));
    assert!(
        outcomes[1]
            .1
            .as_ref()
            .is_err_and(|text| text.contains("d/p1/dangling: cannot be listed"))
    );
    fs::remove_file(tree.path("d/p1/dangling")).expect("it was made");

    fs::set_permissions(tree.path("d/p1/ct/2"), fs::Permissions::from_mode(0o000))
        .expect("it is ours");
    if fs::File::open(tree.path("d/p1/ct/2")).is_ok() {
        // Root may read everything.
        return;
    }
    let outcomes = tree.outcomes(DICOM);
    assert!(
        outcomes.iter().any(|(id, outcome)| id == "p1/ct/2"
            && outcome
                .as_ref()
                .is_err_and(|text| text.contains("that you may read it"))),
        "{outcomes:?}"
    );
}

#[test]
fn several_pictures_without_a_place_are_cases_of_their_own() {
    let tree = Tree::new();
    for index in 0..2 {
        let mut data = slice(index);
        data.remove_element(tags::IMAGE_POSITION_PATIENT);
        data.remove_element(tags::PIXEL_SPACING);
        put(&mut data, tags::IMAGER_PIXEL_SPACING, VR::DS, "0.2\\0.1");
        put(&mut data, tags::MODALITY, VR::CS, "DX");
        tree.write(&format!("d/{index}"), &encode(&data));
    }
    let mut drawn = segmentation(&[0]);
    let source = texts(&[(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3.2")]);
    let mut derivation = InMemDicomObject::new_empty();
    put_items(&mut derivation, tags::SOURCE_IMAGE_SEQUENCE, vec![source]);
    let mut frame = InMemDicomObject::new_empty();
    put_items(
        &mut frame,
        tags::DERIVATION_IMAGE_SEQUENCE,
        vec![derivation],
    );
    let mut segment = InMemDicomObject::new_empty();
    put_number(&mut segment, tags::REFERENCED_SEGMENT_NUMBER, 1);
    put_items(
        &mut frame,
        tags::SEGMENT_IDENTIFICATION_SEQUENCE,
        vec![segment],
    );
    put_items(
        &mut drawn,
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![frame],
    );
    tree.write("d/seg", &encode(&drawn));
    let outcomes = tree.outcomes(DICOM);
    assert_eq!(outcomes, [("s4/i2".to_owned(), Ok(1))]);
}

#[test]
fn an_unknown_element_of_undefined_length_is_passed_over() {
    let whole = encode(&slice(1));
    let end = whole.len() - 72;
    // A private element of unknown kind: a sequence in implicit VR (PS3.5 section 6.2.2, note 4).
    let tag = Tag(0x7fdf, 0x1001);
    let mut bytes = whole[..end].to_vec();
    bytes.extend(tag.0.to_le_bytes());
    bytes.extend(tag.1.to_le_bytes());
    bytes.extend([b'U', b'N', 0, 0, 0xff, 0xff, 0xff, 0xff]);
    bytes.extend([
        0xfe, 0xff, 0, 0xe0, 12, 0, 0, 0, 0x08, 0, 0x60, 0, 4, 0, 0, 0,
    ]);
    bytes.extend(b"MRMR");
    bytes.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    bytes.extend(&whole[end..]);
    let tree = tree(|_, _| ());
    tree.write("d/p1/ct/1", &bytes);
    assert_eq!(outcome(&tree), Ok(1));
}
