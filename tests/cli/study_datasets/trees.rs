//! Small folders that are laid out as the publishers of the study's datasets lay theirs out.

use std::{fs, io::Write as _, path::Path};

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use flate2::{Compression, write::GzEncoder};
use tests::dicom;

/// One layout of one dataset.
pub(super) struct Layout {
    /// What a scenario says, with the folder's name.
    pub(super) declaration: &'static str,
    /// Fills the folder.
    pub(super) write: fn(&Path),
    /// The layout that must be recognised.
    pub(super) name: &'static str,
    /// Cases in all.
    pub(super) cases: usize,
    /// How many slices show each object.
    pub(super) objects: &'static [(&'static str, usize)],
}

/// All of them; those that `scenarios/eleven_datasets.ron` plays first, under its names of folders.
pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        declaration: r#"mri_spine(folder: "data/mri_spine")"#,
        write: mri_spine,
        name: "challenge",
        cases: 2,
        // Only two of four raters see the third slice of the grey matter.
        objects: &[("gm", 4), ("sc", 6)],
    },
    Layout {
        declaration: r#"mri_heart(folder: "data/Task02_Heart")"#,
        write: mri_heart,
        name: "decathlon",
        cases: 2,
        objects: &[("left_atrium", 4)],
    },
    Layout {
        declaration: r#"mri_prostate(folder: "data/mri_prostate")"#,
        write: mri_prostate,
        name: "six_sites",
        cases: 6,
        objects: &[("prostate", 12)],
    },
    Layout {
        declaration: r#"mri_brain(folder: "data/BraTS", modality: "flair")"#,
        write: |root| brats(root, "", ["_flair", "_t1", "_t1ce", "_t2", "_seg"], 4),
        name: "cases",
        cases: 1,
        objects: &[("core", 1), ("edema", 2), ("gd", 1)],
    },
    Layout {
        declaration: r#"xray_chest(folder: "data/xray_chest")"#,
        write: kaggle_chest,
        name: "kaggle",
        cases: 2,
        objects: &[("lung", 2)],
    },
    Layout {
        declaration: r#"xray_hip(folder: "data/xray_hip")"#,
        write: |root| hip(root, "image"),
        name: "same_names",
        cases: 2,
        objects: &[("ilium", 2), ("femur", 2)],
    },
    Layout {
        declaration: r#"us_breast(folder: "data/Dataset_BUSI_with_GT")"#,
        write: busi,
        name: "busi",
        cases: 3,
        objects: &[("lesion", 2)],
    },
    Layout {
        declaration: r#"us_kidney(folder: "data/ct2us")"#,
        write: |root| kidney(root, ["slice/slice", "mask/mask"]),
        name: "kaggle",
        cases: 3,
        objects: &[("kidney", 2)],
    },
    Layout {
        declaration: r#"ct_liver(folder: "data/LiTS")"#,
        write: |root| lits(root, [""; 2]),
        name: "together",
        cases: 2,
        objects: &[("liver", 4)],
    },
    Layout {
        declaration: r#"ct_organ(folder: "data/CT-ORG")"#,
        write: ct_organ,
        name: "tcia",
        cases: 2,
        objects: &[
            ("liver", 2),
            ("bladder", 2),
            ("lung", 2),
            ("kidney", 2),
            ("bone", 2),
            ("brain", 2),
        ],
    },
    Layout {
        declaration: r#"pet_liver(folder: "data/pet_liver")"#,
        write: pet_liver,
        name: "dicom",
        cases: 1,
        objects: &[("tumour", 2)],
    },
    // What other downloads of the same datasets look like.
    Layout {
        declaration: r#"mri_prostate(folder: "i2cvb")"#,
        write: i2cvb,
        name: "i2cvb",
        cases: 1,
        objects: &[("prostate", 2)],
    },
    Layout {
        declaration: r#"mri_brain(folder: "graded", modality: "t1ce")"#,
        write: |root| {
            brats(root, "HGG", ["_flair", "_t1", "_t1ce", "_t2", "_seg"], 4);
            brats(root, "LGG", ["_flair", "_t1", "_t1ce", "_t2", "_seg"], 4);
        },
        name: "grades",
        cases: 2,
        objects: &[("core", 2), ("edema", 4), ("gd", 2)],
    },
    Layout {
        declaration: r#"mri_brain(folder: "newer", modality: "t2")"#,
        write: |root| brats(root, "", ["-t2f", "-t1n", "-t1c", "-t2w", "-seg"], 3),
        name: "since_2023",
        cases: 1,
        objects: &[("core", 1), ("edema", 2), ("gd", 1)],
    },
    Layout {
        declaration: r#"xray_chest(folder: "montgomery")"#,
        write: montgomery,
        name: "montgomery",
        cases: 1,
        objects: &[("lung", 1)],
    },
    Layout {
        declaration: r#"xray_chest(folder: "shenzhen")"#,
        write: shenzhen,
        name: "shenzhen",
        cases: 1,
        objects: &[("lung", 1)],
    },
    Layout {
        declaration: r#"xray_hip(folder: "hip")"#,
        write: |root| hip(root, "label"),
        name: "label_names",
        cases: 2,
        objects: &[("ilium", 2), ("femur", 2)],
    },
    Layout {
        declaration: r#"us_kidney(folder: "kidney")"#,
        write: |root| kidney(root, ["slice", "mask"]),
        name: "flat",
        cases: 3,
        objects: &[("kidney", 2)],
    },
    Layout {
        declaration: r#"ct_liver(folder: "batches")"#,
        write: |root| lits(root, ["Training Batch 1/", "Training Batch 2/"]),
        name: "batches",
        cases: 2,
        objects: &[("liver", 4)],
    },
];

impl Layout {
    /// Returns whether files are known by their content, not by their names.
    pub(super) fn is_dicom(&self) -> bool {
        ["dicom", "i2cvb"].contains(&self.name)
    }

    /// Returns the folder that the declaration names.
    pub(super) fn folder(&self) -> &'static str {
        let mut parts = self.declaration.split('"');
        parts.nth(1).expect("every declaration names a folder")
    }

    /// Returns what it declares.
    pub(super) fn dataset(&self) -> &'static str {
        let word = self.declaration.split('(').next();
        word.expect("split gives one part")
    }
}

fn mri_spine(root: &Path) {
    for case in ["site1-sc01", "site2-sc07"] {
        volume(root, &format!("{case}-image.nii.gz"), image);
        for rater in 1..=4 {
            let drawn = move |[x, y, z]: [usize; 3]| match within([x, y], 6, 10) {
                // All agree on the first two slices, half of them on the third.
                true if z < 2 || (z == 2 && rater < 3) => {
                    i16::from(within([x, y], 7, 9)) + 2 * i16::from(!within([x, y], 7, 9))
                }
                true if z == 2 => 2,
                _ => 0,
            };
            volume(root, &format!("{case}-mask-r{rater}.nii.gz"), drawn);
        }
    }
    volume(root, "site1-sc11-image.nii.gz", image);
}

fn mri_heart(root: &Path) {
    for case in ["la_003", "la_004"] {
        volume(root, &format!("imagesTr/{case}.nii.gz"), image);
        volume(root, &format!("labelsTr/{case}.nii.gz"), one);
        // What macOS leaves in archives.
        write(root, &format!("imagesTr/._{case}.nii.gz"), b"Mac OS X");
    }
    volume(root, "imagesTs/la_001.nii.gz", image);
    write(root, "dataset.json", b"{}");
}

fn mri_prostate(root: &Path) {
    for (index, site) in ["BIDMC", "BMC", "HK", "I2CVB", "RUNMC", "UCL"]
        .iter()
        .enumerate()
    {
        let suffix = ["segmentation", "Segmentation"][index % 2];
        volume(root, &format!("{site}/Case00.nii.gz"), image);
        let zones = |[x, y, z]: [usize; 3]| one([x, y, z]) * if x < 8 { 1 } else { 2 };
        volume(root, &format!("{site}/Case00_{suffix}.nii.gz"), zones);
    }
}

/// Writes one case; the last of the endings is the labels'.
fn brats(root: &Path, grade: &str, endings: [&str; 5], enhancing: i16) {
    let case = format!("Case{grade}1");
    let labels = move |[x, y, z]: [usize; 3]| match z {
        1 if within([x, y], 5, 8) => 1,
        1 if within([x, y], 8, 10) => enhancing,
        1 | 2 if within([x, y], 4, 11) => 2,
        _ => 0,
    };
    for ending in endings {
        let name = format!("{grade}/{case}/{case}{ending}.nii.gz");
        let name = name.trim_start_matches('/');
        if ending.ends_with("seg") {
            volume(root, name, labels);
        } else {
            volume(root, name, image);
        }
    }
}

fn kaggle_chest(root: &Path) {
    let root = &root.join("Lung Segmentation");
    for name in ["CHNCXR_0001_0", "MCUCXR_0001_0", "CHNCXR_0025_0"] {
        picture(root, &format!("CXR_png/{name}.png"), bright);
    }
    picture(root, "masks/CHNCXR_0001_0_mask.png", white);
    picture(root, "masks/MCUCXR_0001_0.png", white);
}

fn montgomery(root: &Path) {
    let root = &root.join("MontgomerySet");
    picture(root, "CXR_png/MCUCXR_0001_0.png", bright);
    let half = |left: bool| move |x: usize, y: usize| white(x, y) * u8::from((x < 8) == left);
    picture(root, "ManualMask/leftMask/MCUCXR_0001_0.png", half(true));
    picture(root, "ManualMask/rightMask/MCUCXR_0001_0.png", half(false));
}

fn shenzhen(root: &Path) {
    for name in ["CHNCXR_0001_0", "CHNCXR_0025_0"] {
        picture(root, &format!("CXR_png/{name}.png"), bright);
    }
    picture(root, "mask/CHNCXR_0001_0_mask.png", white);
}

fn hip(root: &Path, labels: &str) {
    for case in ["001", "044"] {
        let flat = |value: fn([usize; 3]) -> i16| nifti([16, 14, 1], value);
        let two = |[x, y, z]: [usize; 3]| one([x, y, z + 1]) * if y < 7 { 1 } else { 2 };
        write(
            root,
            &format!("images/image_{case}.nii.gz"),
            &packed(&flat(image)),
        );
        write(
            root,
            &format!("labels/{labels}_{case}.nii.gz"),
            &packed(&flat(two)),
        );
    }
}

fn busi(root: &Path) {
    for name in [
        "benign/benign (1)",
        "malignant/malignant (1)",
        "normal/normal (1)",
    ] {
        picture(root, &format!("{name}.png"), bright);
    }
    picture(root, "benign/benign (1)_mask.png", white);
    let second = |x: usize, y: usize| 255 * u8::from(x < 2 && y < 2);
    picture(root, "benign/benign (1)_mask_1.png", second);
    picture(root, "malignant/malignant (1)_mask.png", white);
    picture(root, "normal/normal (1)_mask.png", |_, _| 0);
}

fn kidney(root: &Path, [images, masks]: [&str; 2]) {
    for case in 1..=3 {
        picture(root, &format!("{images}/{case}.png"), bright);
        let mask = move |x: usize, y: usize| if case == 3 { 0 } else { white(x, y) };
        picture(root, &format!("{masks}/{case}.png"), mask);
    }
}

fn lits(root: &Path, folders: [&str; 2]) {
    for (case, folder) in folders.iter().enumerate() {
        volume(root, &format!("{folder}volume-{case}.nii"), image);
        let tumour = |[x, y, z]: [usize; 3]| one([x, y, z]) * if x == 7 { 2 } else { 1 };
        volume(root, &format!("{folder}segmentation-{case}.nii"), tumour);
    }
}

fn ct_organ(root: &Path) {
    let root = &root.join("OrganSegmentations");
    for case in 0..2 {
        volume(root, &format!("volume-{case}.nii.gz"), image);
        let organs = |[x, y, z]: [usize; 3]| match z {
            1 => one([x, y, z]) * if y < 6 { 1 } else { 2 + (x % 2) as i16 },
            2 => one([x, y, z]) * (4 + (x % 3) as i16),
            _ => 0,
        };
        volume(root, &format!("labels-{case}.nii.gz"), organs);
    }
}

/// Contours on two of three slices of PET, and a CT without any; the header has a window.
fn pet_liver(root: &Path) {
    for index in 0..3 {
        let mut pet = dicom::slice(index);
        dicom::put(
            &mut pet,
            tags::SOP_CLASS_UID,
            VR::UI,
            uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE,
        );
        dicom::put(&mut pet, tags::MODALITY, VR::CS, "PT");
        dicom::put(&mut pet, tags::WINDOW_CENTER, VR::DS, "-974");
        dicom::put(&mut pet, tags::WINDOW_WIDTH, VR::DS, "100");
        write(root, &format!("p1/pet/{index}.dcm"), &dicom::encode(&pet));
        let mut ct = dicom::slice(index);
        dicom::put(&mut ct, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.9");
        dicom::put(
            &mut ct,
            tags::SOP_INSTANCE_UID,
            VR::UI,
            &format!("1.2.9.{index}"),
        );
        write(root, &format!("p1/ct/{index}.dcm"), &dicom::encode(&ct));
    }
    write(
        root,
        "p1/contours.dcm",
        &dicom::encode(&dicom::structures(&[0, 2])),
    );
}

/// MRI, and masks as a series of their own.
fn i2cvb(root: &Path) {
    for index in 0..3 {
        let mut image = dicom::slice(index);
        dicom::put(&mut image, tags::MODALITY, VR::CS, "MR");
        write(
            root,
            &format!("Patient_383/T2W/{index:05}.dcm"),
            &dicom::encode(&image),
        );
        let mut mask = dicom::slice(index);
        dicom::put(&mut mask, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.7");
        dicom::put(
            &mut mask,
            tags::SOP_INSTANCE_UID,
            VR::UI,
            &format!("1.2.7.{index}"),
        );
        dicom::put(&mut mask, tags::RESCALE_INTERCEPT, VR::DS, "0");
        let inside = |pixel: u16| u16::from(index > 0 && (8..10).contains(&pixel));
        let [columns, rows] = dicom::SIZE;
        let pixels: Vec<u16> = (0..columns * rows).map(inside).collect();
        let pixels = PrimitiveValue::U16(pixels.into());
        mask.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
        write(
            root,
            &format!("Patient_383/GT/prostate/{index:05}.dcm"),
            &dicom::encode(&mask),
        );
    }
}

/// A volume of 16 × 14 × 4 voxels; packed if its name says so.
fn volume(root: &Path, name: &str, value: impl Fn([usize; 3]) -> i16) {
    let bytes = nifti([16, 14, 4], value);
    let bytes = if name.ends_with("gz") {
        packed(&bytes)
    } else {
        bytes
    };
    write(root, name, &bytes);
}

/// Writes labels of another shape than the images have.
pub(super) fn volume_of(shape: [usize; 3], path: &Path) {
    fs::write(path, packed(&nifti(shape, one))).expect("writable");
}

/// Noise that repeats, with what is to be found brighter.
fn image([x, y, z]: [usize; 3]) -> i16 {
    let noise = (x * 7 + y * 13 + z * 5) % 11;
    300 * i16::from(within([x, y], 4, 11)) + noise as i16
}

/// A square in the second and third slice.
fn one([x, y, z]: [usize; 3]) -> i16 {
    i16::from((1..3).contains(&z) && within([x, y], 4, 11))
}

fn bright(x: usize, y: usize) -> u8 {
    (image([x, y, 0]) / 2) as u8
}

fn white(x: usize, y: usize) -> u8 {
    255 * u8::from(within([x, y], 4, 11))
}

fn within([x, y]: [usize; 2], first: usize, end: usize) -> bool {
    (first..end).contains(&x) && (first..end).contains(&y)
}

/// A NIfTI-1 file of 16-bit voxels of 1 × 1 × 3 mm, axes to the right, front and top.
fn nifti(shape: [usize; 3], value: impl Fn([usize; 3]) -> i16) -> Vec<u8> {
    let mut bytes = vec![0; 352];
    let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
    put(0, &348_i32.to_le_bytes());
    let lengths = [3, shape[0], shape[1], shape[2], 1, 1, 1, 1];
    for (index, length) in lengths.into_iter().enumerate() {
        put(40 + 2 * index, &(length as i16).to_le_bytes());
    }
    put(70, &4_i16.to_le_bytes());
    put(72, &16_i16.to_le_bytes());
    for (index, mm) in [1.0_f32, 1.0, 1.0, 3.0].into_iter().enumerate() {
        put(76 + 4 * index, &mm.to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(254, &1_i16.to_le_bytes());
    for (axis, mm) in [1.0_f32, 1.0, 3.0].into_iter().enumerate() {
        put(280 + 20 * axis, &mm.to_le_bytes());
    }
    put(344, b"n+1\0");
    for z in 0..shape[2] {
        for y in 0..shape[1] {
            for x in 0..shape[0] {
                bytes.extend(value([x, y, z]).to_le_bytes());
            }
        }
    }
    bytes
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("memory can be written")
}

fn picture(root: &Path, name: &str, value: impl Fn(usize, usize) -> u8) {
    let picture =
        image::GrayImage::from_fn(16, 14, |x, y| image::Luma([value(x as usize, y as usize)]));
    let path = root.join(name);
    let folder = path.parent().expect("it is within the folder");
    fs::create_dir_all(folder).expect("writable");
    picture.save(path).expect("writable");
}

fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    let folder = path.parent().expect("it is within the folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, bytes))
        .expect("writable");
}
