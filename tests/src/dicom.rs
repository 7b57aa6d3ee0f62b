//! Small DICOM files, made up: for tests over bad input, and as seeds of damaged files.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR, value::DataSetSequence};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

/// Columns and rows of a made-up slice.
pub const SIZE: [u16; 2] = [6, 5];

/// Sets an attribute from text; several values are separated by `\`.
pub fn put(data: &mut InMemDicomObject, tag: Tag, vr: VR, text: &str) {
    data.put(DataElement::new(tag, vr, text));
}

/// Sets a number of 16 bits.
pub fn put_number(data: &mut InMemDicomObject, tag: Tag, number: u16) {
    data.put(DataElement::new(tag, VR::US, PrimitiveValue::from(number)));
}

/// Sets a sequence.
pub fn put_items(data: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    data.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

/// Makes a data set of texts.
pub fn texts(all: &[(Tag, VR, &str)]) -> InMemDicomObject {
    let mut data = InMemDicomObject::new_empty();
    for &(tag, vr, text) in all {
        put(&mut data, tag, vr, text);
    }
    data
}

/// Makes a CT slice number `index` of series `1.2.3`, 2 mm above the one before; 16 bits, signed. Its pixels
/// count up from 100 times the number.
pub fn slice(index: u16) -> InMemDicomObject {
    let mut data = texts(&[
        (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        (
            tags::SOP_INSTANCE_UID,
            VR::UI,
            &format!("1.2.3.{}", index + 1),
        ),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3"),
        (tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.2.4"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::SERIES_DESCRIPTION, VR::LO, "Abdomen axial"),
        (tags::SERIES_NUMBER, VR::IS, "4"),
        (tags::INSTANCE_NUMBER, VR::IS, &(index + 1).to_string()),
        (
            tags::IMAGE_POSITION_PATIENT,
            VR::DS,
            &format!("10\\20\\{}", 2 * index),
        ),
        (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0"),
        (tags::PIXEL_SPACING, VR::DS, "0.5\\0.7"),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        (tags::RESCALE_SLOPE, VR::DS, "1"),
        (tags::RESCALE_INTERCEPT, VR::DS, "-1024"),
    ]);
    let [columns, rows] = SIZE;
    for (tag, number) in [
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 1),
    ] {
        put_number(&mut data, tag, number);
    }
    let pixels: Vec<u16> = (0..columns * rows)
        .map(|pixel| 100 * index + pixel)
        .collect();
    data.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::U16(pixels.into()),
    ));
    data
}

/// Makes a binary segmentation of that series: segment 1, `Liver`, on these slices, as rows of pixels from left
/// to right in each.
pub fn segmentation(slices: &[u16]) -> InMemDicomObject {
    let mut data = texts(&[
        (tags::SOP_CLASS_UID, VR::UI, uids::SEGMENTATION_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, "1.2.5.1"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.5"),
        (tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.2.4"),
        (tags::MODALITY, VR::CS, "SEG"),
        (tags::SEGMENTATION_TYPE, VR::CS, "BINARY"),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        (tags::NUMBER_OF_FRAMES, VR::IS, &slices.len().to_string()),
    ]);
    let [columns, rows] = SIZE;
    for (tag, number) in [
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 1),
        (tags::BITS_STORED, 1),
        (tags::HIGH_BIT, 0),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        put_number(&mut data, tag, number);
    }
    let series = texts(&[(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3")]);
    put_items(&mut data, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    let mut segment = texts(&[(tags::SEGMENT_LABEL, VR::LO, "Liver")]);
    put_number(&mut segment, tags::SEGMENT_NUMBER, 1);
    put_items(&mut data, tags::SEGMENT_SEQUENCE, vec![segment]);

    let mut shared = InMemDicomObject::new_empty();
    let orientation = (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
    put_items(
        &mut shared,
        tags::PLANE_ORIENTATION_SEQUENCE,
        vec![texts(&[orientation])],
    );
    let spacing = (tags::PIXEL_SPACING, VR::DS, "0.5\\0.7");
    put_items(
        &mut shared,
        tags::PIXEL_MEASURES_SEQUENCE,
        vec![texts(&[spacing])],
    );
    put_items(
        &mut data,
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![shared],
    );
    let frame = |slice: &u16| {
        let mut frame = InMemDicomObject::new_empty();
        let position = format!("10\\20\\{}", 2 * slice);
        let position = (tags::IMAGE_POSITION_PATIENT, VR::DS, position.as_str());
        put_items(
            &mut frame,
            tags::PLANE_POSITION_SEQUENCE,
            vec![texts(&[position])],
        );
        let mut segment = InMemDicomObject::new_empty();
        put_number(&mut segment, tags::REFERENCED_SEGMENT_NUMBER, 1);
        put_items(
            &mut frame,
            tags::SEGMENT_IDENTIFICATION_SEQUENCE,
            vec![segment],
        );
        frame
    };
    let frames = slices.iter().map(frame).collect();
    put_items(
        &mut data,
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        frames,
    );
    // The second and third column of each row: 30 bits a frame, the first pixel lowest.
    let mut bytes = vec![0_u8; (slices.len() * 30).div_ceil(16) * 2];
    for pixel in (0..slices.len() * 30).filter(|pixel| [1, 2].contains(&(pixel % 6))) {
        bytes[pixel / 8] |= 1 << (pixel % 8);
    }
    data.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OB,
        PrimitiveValue::U8(bytes.into()),
    ));
    data
}

/// Makes a structure set of that series: region 1, `GTV 1`, with a contour on these slices around the pixels of
/// columns 1 and 2, rows 1 to 3.
pub fn structures(slices: &[u16]) -> InMemDicomObject {
    let mut data = texts(&[
        (tags::SOP_CLASS_UID, VR::UI, uids::RT_STRUCTURE_SET_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, "1.2.6.1"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.6"),
        (tags::MODALITY, VR::CS, "RTSTRUCT"),
    ]);
    let roi = texts(&[
        (tags::ROI_NUMBER, VR::IS, "1"),
        (tags::ROI_NAME, VR::LO, "GTV 1"),
    ]);
    put_items(&mut data, tags::STRUCTURE_SET_ROI_SEQUENCE, vec![roi]);
    let series = texts(&[(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3")]);
    let mut study = InMemDicomObject::new_empty();
    put_items(
        &mut study,
        tags::RT_REFERENCED_SERIES_SEQUENCE,
        vec![series],
    );
    let mut frame = InMemDicomObject::new_empty();
    put_items(&mut frame, tags::RT_REFERENCED_STUDY_SEQUENCE, vec![study]);
    put_items(
        &mut data,
        tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
        vec![frame],
    );
    let contour = |slice: &u16| {
        let z = 2 * slice;
        let points = format!("10.4\\20.3\\{z}\\11.6\\20.3\\{z}\\11.6\\21.7\\{z}\\10.4\\21.7\\{z}");
        texts(&[
            (tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, "CLOSED_PLANAR"),
            (tags::CONTOUR_DATA, VR::DS, &points),
        ])
    };
    let mut drawn = texts(&[(tags::REFERENCED_ROI_NUMBER, VR::IS, "1")]);
    put_items(
        &mut drawn,
        tags::CONTOUR_SEQUENCE,
        slices.iter().map(contour).collect(),
    );
    put_items(&mut data, tags::ROI_CONTOUR_SEQUENCE, vec![drawn]);
    data
}

/// Writes a file in Explicit VR Little Endian.
pub fn encode(data: &InMemDicomObject) -> Vec<u8> {
    encode_as(data, uids::EXPLICIT_VR_LITTLE_ENDIAN)
}

/// Writes a file in another transfer syntax.
pub fn encode_as(data: &InMemDicomObject, syntax: &str) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new().transfer_syntax(syntax);
    let mut bytes = Vec::new();
    data.clone()
        .with_meta(meta)
        .expect("it has a SOP class and instance")
        .write_all(&mut bytes)
        .expect("memory can be written");
    bytes
}
