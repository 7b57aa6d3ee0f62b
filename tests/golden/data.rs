//! The excerpts of real data sets, declared as a user would, against numbers counted with Pillow
//! and NumPy.

use std::{ops::ControlFlow, path::Path};

use engine::{
    datasets::{Dataset, DatasetError, SliceData},
    scenario::ScenarioFile,
};
use tests::shared;

/// Opens a dataset declared in RON; `None` where the data is not at hand.
fn open(declaration: &str) -> Option<Box<dyn Dataset>> {
    Some(open_at(declaration, &shared("data")?))
}

/// Opens a dataset declared in RON, with paths relative to this folder.
pub(crate) fn open_at(declaration: &str, folder: &Path) -> Box<dyn Dataset> {
    let text = format!(
        "(name: \"t\", datasets: [{declaration}], models: [\"m\"], \
          strategies: [(name: \"s\", first: [point(object)])])"
    );
    let file =
        ScenarioFile::parse(text, Path::new("test.ron")).expect("the declaration is as documented");
    (file.scenario.datasets[0].open(folder)).expect("the data is as described")
}

/// What was found in a dataset.
#[derive(Default)]
struct Found {
    /// Per case: the slices with an object.
    slices: Vec<usize>,
    /// Per object: how many slices show it, in how many pixels.
    objects: Vec<(usize, usize)>,
    /// Sum of all bytes of all images.
    shown: u64,
    foreground: usize,
    failures: Vec<DatasetError>,
}

fn read(dataset: &dyn Dataset) -> Found {
    let mut found = Found {
        objects: vec![(0, 0); dataset.objects().len()],
        ..Found::default()
    };
    for case in 0..dataset.case_count() {
        let mut sink = |slice: SliceData| {
            assert_eq!(slice.pixels.dim().0, slice.foreground.dim().0);
            assert_eq!(slice.pixels.dim().1, slice.foreground.dim().1);
            found.shown += slice
                .pixels
                .iter()
                .map(|&byte| u64::from(byte))
                .sum::<u64>();
            found.foreground += slice.foreground.iter().filter(|&&inside| inside).count();
            for mask in &slice.masks {
                assert_eq!(mask.bitmap.dim(), slice.foreground.dim());
                found.objects[mask.object].0 += 1;
                found.objects[mask.object].1 +=
                    mask.bitmap.iter().filter(|&&inside| inside).count();
            }
            ControlFlow::Continue(())
        };
        match dataset.read(case, &mut sink) {
            Ok(count) => found.slices.push(count.with_object),
            Err(error) => found.failures.push(error),
        }
    }
    found
}

/// Checks a dataset of plain images with one object. JPEG decoders may round differently: `slack`
/// is how many pixels per mask may lie on the other side of the threshold.
fn check_single(declaration: &str, images: usize, pixels: usize, shown: u64, slack: usize) {
    let Some(dataset) = open(declaration) else {
        return;
    };
    let found = read(&*dataset);
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    assert_eq!(found.slices, vec![1; images]);
    assert_eq!(found.objects[0].0, images);
    assert!(
        found.objects[0].1.abs_diff(pixels) <= slack * images,
        "{:?}",
        found.objects
    );
    assert_eq!(found.foreground, found.objects[0].1);
    assert!(
        found.shown.abs_diff(shown) <= shown / 1000 * slack as u64,
        "{}",
        found.shown
    );
}

#[test]
fn chest_x_rays() {
    check_single(
        r#"folder_pair(name: "chest", images: "xray_chest/images", masks: "xray_chest/masks",
                       objects: [(name: "lung")])"#,
        25,
        1_728_381,
        2_953_805_403,
        0,
    );
}

#[test]
fn hip_x_rays() {
    check_single(
        r#"folder_pair(name: "hip", images: "xray_hip/images", masks: "xray_hip/masks",
                       objects: [(name: "bone")])"#,
        2,
        29_349,
        46_353_039,
        0,
    );
}

#[test]
fn heart_slices() {
    check_single(
        r#"folder_pair(name: "heart", images: "mri_heart/images", masks: "mri_heart/masks",
                       objects: [(name: "left_atrium")])"#,
        6,
        14_181,
        140_742_789,
        3,
    );
}

#[test]
fn liver_slices() {
    check_single(
        r#"folder_pair(name: "liver", images: "ct_liver/images", masks: "ct_liver/masks",
                       objects: [(name: "liver")])"#,
        9,
        55_496,
        42_879_399,
        3,
    );
}

#[test]
fn breast_lesions_by_colour() {
    let Some(dataset) = open(
        r#"folder_pair(name: "breast", images: "us_breast/images", masks: "us_breast/masks", objects: [
            (name: "benign", inside: colour(0, 255, 0)),
            (name: "malignant", inside: colour(255, 0, 0)),
        ])"#,
    ) else {
        return;
    };
    let found = read(&*dataset);
    assert_eq!(found.slices, [1; 12]);
    assert_eq!(found.objects, [(9, 215_883), (3, 86_384)]);
    assert_eq!(found.foreground, 215_883 + 86_384);
    assert_eq!(found.shown, 961_003_429);
}

#[test]
fn one_mask_per_organ() {
    let organs = r#"folder_pair(name: "organs", images: "ct_organ/images", masks: "ct_organ/masks",
                                mask_name: "{stem}_{object}_{n}", unpaired: skip"#;
    let Some(all) = open(&format!("{organs})")) else {
        return;
    };
    let found = read(&*all);
    assert_eq!(found.slices, [1; 4]);
    assert_eq!(all.objects().len(), 24);
    assert_eq!(
        found.objects.iter().map(|object| object.0).sum::<usize>(),
        28
    );
    let organ = |name: &str| {
        let index = all.objects().iter().position(|object| object == name);
        found.objects[index.expect("the organ is there")]
    };
    assert_eq!(organ("aorta"), (3, 1435));
    assert_eq!(organ("liver"), (2, 23_035));
    assert_eq!(organ("hip_left"), (1, 744));
    assert_eq!(organ("vertebrae_T9"), (1, 306));

    let hips = r#"objects: [(name: "hip", files: ["hip_left", "hip_right"])]"#;
    let Some(merged) = open(&format!("{organs}, {hips})")) else {
        return;
    };
    let some = read(&*merged);
    assert_eq!(some.objects, [(1, 744 + 688)]);
    assert_eq!(
        some.failures.len(),
        3,
        "the other slices show no hip: {:?}",
        some.failures
    );

    let Some(apart) = open(&format!("{organs}, {hips}, several: apart)")) else {
        return;
    };
    assert_eq!(apart.objects(), ["hip_000", "hip_001"]);
    assert_eq!(read(&*apart).objects, [(1, 359 + 355), (1, 385 + 333)]);
}

#[test]
fn an_image_without_mask_is_a_failed_case() {
    let Some(dataset) = open(
        r#"folder_pair(name: "organs", images: "ct_organ/images", masks: "ct_organ/masks",
                       mask_name: "{stem}_{object}_{n}")"#,
    ) else {
        return;
    };
    let found = read(&*dataset);
    assert_eq!(found.slices, [1; 4]);
    assert!(
        matches!(&found.failures[..], [DatasetError::NoMask { path, .. }] if path.ends_with("amos_0507_31.png"))
    );
}

/// Checks NIfTI volumes with one object: slices per case, voxels, and a sum over all shown and
/// inside pixels weighted by their place, which no other orientation has.
fn check_volumes(
    declaration: &str,
    slices: &[usize],
    voxels: usize,
    weighted: u64,
    spacing_mm: [f64; 2],
) {
    let Some(dataset) = open(declaration) else {
        return;
    };
    let found = read(&*dataset);
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    assert_eq!(found.slices, slices, "{declaration}");
    assert_eq!(
        found.objects,
        [(slices.iter().sum(), voxels)],
        "{declaration}"
    );
    assert_eq!(found.foreground, voxels);
    let mut sum = 0;
    let mut last_spacing = None;
    for case in 0..dataset.case_count() {
        let mut sink = |slice: SliceData| {
            let gray = slice.pixels.index_axis(ndarray::Axis(2), 0);
            let inside = slice.masks[0]
                .bitmap
                .iter()
                .map(|&inside| u64::from(inside));
            for (place, (&byte, inside)) in (1..).zip(gray.iter().zip(inside)) {
                sum += (u64::from(byte) + 7 * inside) * (place % 65521);
            }
            last_spacing = slice.spacing_mm;
            ControlFlow::Continue(())
        };
        dataset.read(case, &mut sink).expect("it was read before");
    }
    assert_eq!(sum, weighted, "{declaration}");
    let last_spacing = last_spacing.expect("the headers say how far voxels are apart");
    assert!(
        last_spacing
            .iter()
            .zip(spacing_mm)
            .all(|(a, b)| (a - b).abs() < 1e-5),
        "{last_spacing:?}"
    );
}

#[test]
fn spleen_in_all_directions_and_windows() {
    let spleen = |options: &str| {
        format!(
            r#"volumes(name: "spleen", images: "ct_spleen", labels: "ct_spleen", image_name: "{{stem}}_ct",
                     label_name: "{{stem}}_ct_seg-manual", objects: [(name: "spleen")], {options})"#
        )
    };
    let soft = "normalise: [soft_tissue]";
    let robust = "normalise: [percentile(low: 0.5, high: 99.5, over: volume)]";
    for (options, slices, weighted, spacing_mm) in [
        ("", 20, 992_278_954_631, [0.794_922, 0.794_922]),
        (soft, 20, 703_864_144_405, [0.794_922, 0.794_922]),
        (robust, 20, 1_209_412_830_151, [0.794_922, 0.794_922]),
        ("axis: 1", 124, 158_021_743_058, [5.0, 0.794_922]),
        ("axis: 0", 140, 176_808_006_869, [5.0, 0.794_922]),
    ] {
        check_volumes(&spleen(options), &[slices], 96_672, weighted, spacing_mm);
    }
}

#[test]
fn spinal_cord() {
    let spine = |options: &str| {
        format!(
            r#"volumes(name: "spine", images: "mri_spine", labels: "mri_spine", unpaired: skip,
                     objects: [(name: "cord")], {options})"#
        )
    };
    let automatic = r#"label_name: "{stem}_seg""#;
    let manual = r#"label_name: "{stem}_seg-manual""#;
    let gray = r#"label_name: "{stem}_gmseg_manual""#;
    check_volumes(&spine(automatic), &[5, 9], 3405, 3_755_443_313, [0.5, 0.5]);
    check_volumes(&spine(manual), &[77, 13], 9712, 47_050_763_578, [1.0, 1.0]);
    let coronal = format!("{manual}, axis: 1");
    check_volumes(
        &spine(&coronal),
        &[12, 55],
        9712,
        12_855_782_248,
        [1.0, 1.0],
    );
    check_volumes(&spine(gray), &[9, 11], 1216, 1_467_916_640_120, [0.5, 0.5]);
}

#[test]
fn sarcoma_in_three_modalities() {
    let slices = [16, 20, 53, 47];
    for (modality, voxels, weighted, mm) in [
        ("CT", 325_322, 4_260_891_654_306, 0.976_562),
        ("MR_T1", 325_322, 1_895_737_235_698, 0.976_562),
        ("PET", 13_319, 4_938_576_119, 5.468_75),
    ] {
        let declaration = format!(
            r#"volumes(name: "sarcoma", images: "pet_ct_mr/nifti", labels: "pet_ct_mr/nifti",
                     image_name: "{{stem}}/{modality}_image", label_name: "{{stem}}/{modality}_mask",
                     objects: [(name: "tumour")])"#
        );
        check_volumes(&declaration, &slices, voxels, weighted, [mm, mm]);
    }
}
