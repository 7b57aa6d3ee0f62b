//! DICOM files against what pydicom, SimpleITK, highdicom and pynrrd read from them (`dicom.py`,
//! which wrote `dicom.json`), and structure sets against the NIfTI masks that MIRP made of them.

use std::{collections::BTreeMap, ops::ControlFlow, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};
use engine::{
    datasets::{ObjectMask, SliceData},
    formats::{
        Planes, Volume,
        dicom::{Colour, Instance, Kind, Segmentation, Series, StructureSet, Summary},
    },
};
use serde_json::Value;
use tests::{shared, volumes::values};

use crate::data::open_at;

fn expected() -> Value {
    serde_json::from_str(include_str!("dicom.json")).expect("the script writes JSON")
}

/// Returns the files of a folder, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(shared(folder).expect("it was there before"));
    let mut files: Vec<_> = entries
        .expect("a folder")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    files
}

fn read(files: &[PathBuf]) -> Series {
    Series::read(files, Colour::Refuse).unwrap_or_else(|error| panic!("{error}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Compares shape, extremes, sum and samples. Slices that are scaled each by itself are kept in single
/// precision.
fn check_values(volume: Planes, expected: &Value, name: &str) {
    let near = |found: f64, value: &Value, what: &str| {
        let wanted = number(value);
        let apart = (found - wanted).abs();
        assert!(
            apart <= 1e-6 * wanted.abs(),
            "{name}: {what}: {found}, not {wanted}"
        );
    };
    assert_eq!(
        serde_json::json!(volume.grid.shape),
        expected["shape"],
        "{name}"
    );
    let volume = volume.whole().expect(name);
    let [mut low, mut high, mut sum] = [f64::INFINITY, f64::NEG_INFINITY, 0.0];
    for value in volume.values() {
        (low, high, sum) = (low.min(value), high.max(value), sum + value);
    }
    near(low, &expected["min"], "smallest");
    near(high, &expected["max"], "largest");
    near(sum, &expected["sum"], "sum");
    let samples = expected["samples"].as_array().expect("a list");
    assert_eq!(samples.len(), 12);
    for sample in samples {
        let voxel = [0, 1, 2].map(|axis| number(&sample[axis]) as usize);
        near(volume.value(voxel), &sample[3], "a sample");
    }
}

fn check_place(volume: &Planes, expected: &Value, name: &str) {
    for (row, expected) in volume
        .grid
        .world_from_voxel
        .iter()
        .zip(expected["affine"].as_array().expect("a matrix"))
    {
        for (found, expected) in row.iter().zip(expected.as_array().expect("a row")) {
            assert!(
                (found - number(expected)).abs() < 1e-6,
                "{name}: {:?}",
                volume.grid.world_from_voxel
            );
        }
    }
}

fn check_spacing(volume: &Planes, expected: &Value, name: &str) {
    let found = volume.grid.spacing_mm.expect("the headers say it");
    for (found, expected) in found
        .iter()
        .zip(expected["spacing"].as_array().expect("a list"))
    {
        assert!(
            (found - number(expected)).abs() < 1e-9,
            "{name}: {found} {expected}"
        );
    }
}

#[test]
fn series() {
    if shared("data/ct_dicom_seg").is_none() {
        return;
    }
    let expected = expected();
    let all = expected["series"].as_object().expect("by folder");
    assert_eq!(all.len(), 6);
    for (folder, expected) in all {
        let mut files = files(&format!("data/{folder}"));
        let series = read(&files);
        check_place(&series.volume, expected, folder);
        check_spacing(&series.volume, expected, folder);
        // In whatever order.
        files.reverse();
        let again = read(&files);
        assert_eq!(values(&again.volume), values(&series.volume), "{folder}");
        assert_eq!(again.slices, series.slices);
        check_values(series.volume, expected, folder);
    }
}

#[test]
fn files_of_several_frames() {
    if shared("data/ct_dicom_seg").is_none() {
        return;
    }
    let expected = expected();
    let all = expected["multiframe"].as_object().expect("by file");
    assert_eq!(all.len(), 2);
    for (file, expected) in all {
        let series = read(&[shared(&format!("data/{file}")).expect("it is there")]);
        check_place(&series.volume, expected, file);
        let frames: Vec<_> = series.slices.iter().map(|slice| slice.frame).collect();
        assert_eq!(frames, [0, 1, 2], "they are stored from bottom to top");
        check_values(series.volume, expected, file);
    }
}

#[test]
fn single_files() {
    if shared("data/dicom_misc").is_none() {
        return;
    }
    let expected = expected();
    let all = expected["plain"].as_object().expect("by file");
    assert_eq!(all.len(), 2);
    for (file, expected) in all {
        let series = read(&[shared(&format!("data/{file}")).expect("it is there")]);
        check_spacing(&series.volume, expected, file);
        check_values(series.volume, expected, file);
    }
    // MONOCHROME1: the window is turned round with the values.
    let chest = read(&[shared("data/dicom_misc/dx_image.dcm").expect("it is there")]);
    assert_eq!(chest.volume.facts.windows, [Some([0.0, 255.0])]);
    let [down, across] = [1, 0].map(|axis| chest.volume.grid.view(2).down.0 == axis);
    assert!(
        down && !across,
        "a picture without a place is shown as stored"
    );
}

#[test]
fn windows_and_uptake_of_the_header() {
    let Some(folder) = shared("data/ct_dicom_seg/ct-3slice") else {
        return;
    };
    let ct = read(&files("data/ct_dicom_seg/ct-3slice"));
    // Centre 40, width 400 (PS3.3 section C.11.2.1.2): from 40 − 0.5 − 399 / 2.
    assert_eq!(ct.volume.facts.windows, [Some([-160.0, 239.0]); 3]);
    let reason = ct.volume.facts.suv_factor.expect_err("a CT has no uptake");
    assert!(
        reason.starts_with(&folder.display().to_string()),
        "{reason}"
    );
    let pet = read(&files("data/pet_ct_mr/dicom/STS_002/PET/image"));
    assert_eq!(pet.volume.facts.suv_factor, Ok(1.0), "it is in g/ml");
}

/// Lays a segmentation over a series: per segment, how many voxels and the sum of their places.
fn segments(series: &Series, file: &str) -> BTreeMap<i64, [usize; 2]> {
    let path = shared(&format!("data/ct_dicom_seg/{file}")).expect("it is there");
    let segmentation = Segmentation::open(&path).unwrap_or_else(|error| panic!("{error}"));
    let mut found = BTreeMap::new();
    segmentation
        .place(
            &series.volume.grid,
            &series.slices,
            None,
            &mut |number, voxel| {
                let sums: &mut [usize; 2] = found.entry(number).or_default();
                *sums = [sums[0] + 1, sums[1] + voxel];
            },
        )
        .unwrap_or_else(|error| panic!("{file}: {error}"));
    found
}

#[test]
fn segmentations_are_their_nrrd() {
    if shared("data/ct_dicom_seg").is_none() {
        return;
    }
    let expected = expected();
    let check = |series: &str, file: &str, labels: &[(i64, &str)]| {
        let series = read(&files(&format!("data/ct_dicom_seg/{series}")));
        let found = segments(&series, file);
        assert_eq!(found.len(), labels.len(), "{file}: {found:?}");
        for (number, name) in labels {
            let mask = &expected["nrrd"][name];
            let wanted = ["voxels", "places"].map(|key| number_of(&mask[key]));
            assert_eq!(found[number], wanted, "{file}: segment {number}");
        }
    };
    check("ct-3slice", "liver.dcm", &[(1, "liver")]);
    // Five segments in three layers, of which some overlap; frames without a pixel are left out.
    let overlaps = [
        (1, "overlap_1"),
        (2, "overlap_2"),
        (3, "overlap_3"),
        (4, "overlap_4"),
        (5, "overlap_5"),
    ];
    check("ct-3slice", "partial_overlaps.dcm", &overlaps);
    check("24x38x3/image", "24x38x3/seg/label.seg", &[(1, "small")]);
    // The same as an image of one file with several frames.
    check(
        "24x38x3/multiframe",
        "24x38x3/seg/label.seg",
        &[(1, "small")],
    );
    // 23 × 38 pixels are no whole number of bytes.
    check("23x38x3/image", "23x38x3/seg/label.seg", &[(1, "odd")]);
    check(
        "24x38x3/image",
        "sparse-labelmap-ppv5.dcm",
        &[(1, "sparse")],
    );
    check(
        "24x38x3/image",
        "sparse-labelmap-noppv.dcm",
        &[(1, "sparse")],
    );
}

fn number_of(value: &Value) -> usize {
    number(value) as usize
}

#[test]
fn a_segmentation_of_another_series_lies_elsewhere() {
    let Some(path) = shared("data/ct_dicom_seg/liver.dcm") else {
        return;
    };
    let series = read(&files("data/ct_dicom_seg/24x38x3/image"));
    let segmentation = Segmentation::open(&path).expect("it is good");
    let placed = segmentation.place(&series.volume.grid, &series.slices, None, &mut |_, _| ());
    let message = placed.expect_err("it is of another patient").to_string();
    assert!(
        message.contains("512×512×3 voxels of 0.81×0.81×1.00 mm, LPS, from"),
        "{message}"
    );
}

#[test]
fn structure_sets_are_their_nifti() {
    for (modality, voxels) in [("CT", 17_090), ("MR_T1", 17_090), ("PET", 555)] {
        let Some(folder) = shared("data/pet_ct_mr") else {
            return;
        };
        let series = read(&files(&format!(
            "data/pet_ct_mr/dicom/STS_002/{modality}/image"
        )));
        let drawn = folder.join(format!("dicom/STS_002/{modality}/mask/RS.dcm"));
        let drawn = StructureSet::open(&drawn).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(drawn.rois.len(), 1);
        let shown = values(&series.volume);
        let mut filled = vec![false; shown.len()];
        drawn
            .place(&drawn.rois[0], &series.volume.grid, &mut |voxel| {
                filled[voxel] = true;
            })
            .unwrap_or_else(|error| panic!("{modality}: {error}"));
        let mask = folder.join(format!("nifti/STS_002/{modality}_mask.nii.gz"));
        let mask = Volume::read(&mask, None).unwrap_or_else(|error| panic!("{error}"));
        assert!(series.volume.grid.agrees_with(&mask.grid), "{modality}");
        let image = folder.join(format!("nifti/STS_002/{modality}_image.nii.gz"));
        let image = Volume::read(&image, None).unwrap_or_else(|error| panic!("{error}"));
        let apart = image.values().zip(shown).map(|(a, b)| (a - b).abs());
        // The DICOM series was rounded to 16 bits.
        assert!(apart.fold(0.0, f64::max) <= 0.5, "{modality}");
        let both = mask
            .values()
            .zip(&filled)
            .filter(|&(value, &inside)| value > 0.0 && inside);
        let (both, mine) = (
            both.count(),
            filled.iter().filter(|&&inside| inside).count(),
        );
        let theirs = mask.values().filter(|&value| value > 0.0).count();
        assert_eq!((both, mine, theirs), (voxels, voxels, voxels), "{modality}");
    }
}

#[test]
fn every_compression_is_read() {
    let all: Value = serde_json::from_str(include_str!("compressed.json")).expect("valid JSON");
    let all = all.as_object().expect("by name");
    assert_eq!(all.len(), 18);
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    for (name, expected) in all {
        let file = STANDARD
            .decode(expected["file"].as_str().expect("text"))
            .expect("base64");
        let path = folder.path().join(name);
        std::fs::write(&path, file).expect("the temporary folder is writable");
        let series = Series::read(&[path], Colour::Gray).unwrap_or_else(|error| panic!("{error}"));
        let pixels = values(&series.volume).into_iter();
        let pixels: Vec<i32> = pixels.map(|value| value as i32).collect();
        if let Some(crc) = expected["crc"].as_u64() {
            let bytes: Vec<u8> = pixels
                .iter()
                .flat_map(|pixel| pixel.to_le_bytes())
                .collect();
            assert_eq!(u64::from(crc32fast::hash(&bytes)), crc, "{name}");
            continue;
        }
        let wanted = expected["pixels"].as_array().expect("a list");
        assert_eq!(wanted.len(), pixels.len(), "{name}");
        for (&found, wanted) in pixels.iter().zip(wanted) {
            let apart = (f64::from(found) - number(wanted)).abs();
            assert!(
                apart <= number(&expected["slack"]),
                "{name}: {found} {wanted}"
            );
        }
    }
}

#[test]
fn every_odd_file_is_read_or_says_the_way_out() {
    let Some(folder) = shared("data/dicom_misc") else {
        return;
    };
    let mut read = 0;
    let mut refused = 0;
    for path in files("data/dicom_misc") {
        let outcome = Instance::open(&path).and_then(|instance| {
            let summary = Summary::of(&instance);
            match summary.kind {
                Kind::Image => {
                    let series = Series::read(std::slice::from_ref(&path), Colour::Gray)?;
                    series.volume.whole().map(|_| true)
                }
                Kind::Truth { .. } => Segmentation::open(&path).map(|_| true),
                // Reports and annotations are passed over.
                Kind::Other => Ok(false),
            }
        });
        match outcome {
            Ok(is_read) => read += usize::from(is_read),
            Err(error) => {
                let message = error.to_string();
                assert!(
                    message.starts_with(&folder.display().to_string()),
                    "{message}"
                );
                let way_out = ["; export", "; convert it", "; declare", "; decompress"];
                assert!(
                    way_out.iter().any(|words| message.contains(words)),
                    "{message}"
                );
                refused += 1;
            }
        }
    }
    assert_eq!((read, refused), (8, 17));
}

/// Reads every case: its name, and per slice its index and the pixels of each object.
fn play(declaration: &str) -> Vec<(String, Vec<(usize, Vec<(usize, usize)>)>)> {
    let dataset = open_at(declaration, &shared("data").expect("it was there before"));
    let case = |case: usize| {
        let mut slices = Vec::new();
        let mut sink = |slice: SliceData| {
            let masks = slice.masks.iter();
            let area = |mask: &ObjectMask| mask.bitmap.iter().filter(|&&inside| inside).count();
            let areas = masks.map(|mask| (mask.object, area(mask))).collect();
            slices.push((slice.index, areas));
            ControlFlow::Continue(())
        };
        let read = dataset.read(case, &mut sink);
        read.unwrap_or_else(|error| panic!("{error}"));
        (dataset.case(case).id, slices)
    };
    (0..dataset.case_count()).map(case).collect()
}

#[test]
fn a_folder_of_three_modalities_is_the_nifti_dataset() {
    if shared("data/pet_ct_mr").is_none() {
        return;
    }
    let dicom = r#"dicom(name: "sarcoma", folder: "pet_ct_mr/dicom", objects: [(name: "tumour", files: ["gtv*"])])"#;
    let found = play(dicom);
    let modalities = [
        ("CT", "STS_002/CT/image/s3"),
        ("MR_T1", "STS_002/MR_T1/image/s6564013"),
        ("PET", "STS_002/PET/image/s4"),
    ];
    assert_eq!(found.len(), modalities.len());
    for ((name, slices), (modality, expected)) in found.iter().zip(modalities) {
        assert_eq!(name, expected);
        assert_eq!(slices.len(), 16);
        let nifti = format!(
            r#"volumes(name: "sarcoma", images: "pet_ct_mr/nifti", labels: "pet_ct_mr/nifti",
                     image_name: "{{stem}}/{modality}_image", label_name: "{{stem}}/{modality}_mask",
                     objects: [(name: "tumour")])"#
        );
        let (_, expected) = &play(&nifti)[0];
        assert_eq!(slices, expected, "{modality}");
    }
    let pet = dicom.replace(
        "objects:",
        r#"modality: "pt", series: "*pet_image", objects:"#,
    );
    assert_eq!(play(&pet), found[2..]);
}

#[test]
fn segmentations_find_their_images() {
    if shared("data/ct_dicom_seg").is_none() {
        return;
    }
    let found = play(r#"dicom(name: "ct", folder: "ct_dicom_seg")"#);
    let sums: Vec<_> = found
        .iter()
        .map(|(name, slices)| {
            let mut objects = BTreeMap::new();
            for &(object, area) in slices.iter().flat_map(|(_, areas)| areas) {
                *objects.entry(object).or_insert(0) += area;
            }
            (name.as_str(), objects.into_iter().collect::<Vec<_>>())
        })
        .collect();
    // DARK_BLUE, GREEN, LIGHT_BLUE, Liver, ORANGE, PURPLE.
    let overlapping = vec![
        (0, 4713),
        (1, 9602),
        (2, 6693),
        (3, 107_098),
        (4, 11_888),
        (5, 10_743),
    ];
    assert_eq!(
        sums,
        [
            ("23x38x3/image/s123456", vec![(3, 322)]),
            // A segmentation of the middle slice, and two alike label maps of the others.
            ("24x38x3/image/s123456", vec![(3, 315 + 630)]),
            ("ct-3slice/s2", overlapping),
        ]
    );
}
