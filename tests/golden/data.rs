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
    let folder = shared("data")?;
    let text = format!(
        "(name: \"t\", datasets: [{declaration}], models: [\"m\"], \
          strategies: [(name: \"s\", first: [point(object)])])"
    );
    let file =
        ScenarioFile::parse(text, Path::new("test.ron")).expect("the declaration is as documented");
    Some(
        file.scenario.datasets[0]
            .open(&folder)
            .expect("the data is as described"),
    )
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
    for case in 0..dataset.cases().len() {
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
