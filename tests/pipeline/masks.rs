//! Predicted masks as files that other programs open.

use std::{
    fs,
    path::{Path, PathBuf},
};

use engine::{
    formats::Volume,
    runs::{Exported, Manifest, Prompts, Report, RunFolder, export_masks, open_datasets},
};

use super::play;

const SHAPE: [usize; 3] = [9, 7, 5];

/// A NIfTI-1 file of 8-bit voxels with this map to the world.
fn nifti(map: [[f32; 4]; 3], voxel: impl Fn([usize; 3]) -> u8) -> Vec<u8> {
    let mut bytes = vec![0_u8; 352];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &348_i32.to_le_bytes());
    for (index, length) in [3, 9, 7, 5, 1, 1, 1, 1_i16].into_iter().enumerate() {
        put(40 + 2 * index, &length.to_le_bytes());
    }
    put(70, &2_i16.to_le_bytes());
    put(72, &8_i16.to_le_bytes());
    for index in 0..4 {
        put(76 + 4 * index, &1_f32.to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(123, &[2]);
    put(254, &1_i16.to_le_bytes());
    for (index, value) in map.as_flattened().iter().enumerate() {
        put(280 + 4 * index, &value.to_le_bytes());
    }
    put(344, b"n+1\0");
    for k in 0..SHAPE[2] {
        for j in 0..SHAPE[1] {
            bytes.extend((0..SHAPE[0]).map(|i| voxel([i, j, k])));
        }
    }
    bytes
}

/// A box that lies nowhere in the middle, and a smaller one of another object, on two slices of any axis.
fn label([i, j, k]: [usize; 3]) -> u8 {
    match (i, j, k) {
        (1..5, 0..3, 1..4) => 1,
        (7..9, 5..7, 3..5) => 2,
        _ => 0,
    }
}

fn study(axis: usize) -> String {
    format!(
        r#"(
    name: "first",
    datasets: [
        volumes(
            name: "abdomen",
            images: "images",
            labels: "labels",
            axis: {axis},
            objects: [
                (name: "liver", inside: values([1])),
                (name: "spleen", inside: values([2])),
            ],
        ),
    ],
    models: ["mobile_sam"],
    strategies: [
        (name: "box", first: [box(object)]),
        (name: "clicks", first: [point(object)], then: iterate(prompts: 2)),
    ],
)"#
    )
}

fn export(report: &Report, out: &Path, prompts: Prompts) -> Exported {
    let run = RunFolder::open(&report.folder);
    let manifest = Manifest::read(&run.manifest()).expect("a run");
    let datasets = open_datasets(&manifest).expect("the data are there");
    export_masks(&run, &manifest, &datasets, out, prompts).expect("writable")
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn masks_of_volumes_lie_where_the_labels_do() {
    let maps = [
        [
            [0.7, 0.0, 0.0, -9.0],
            [0.0, 0.8, 0.0, 12.5],
            [0.0, 0.0, 5.0, 3.0],
        ],
        [
            [-0.7, 0.0, 0.0, 9.0],
            [0.0, -0.8, 0.0, 1.0],
            [0.0, 0.0, 5.0, 3.0],
        ],
        [
            [0.0, 0.0, 2.0, 0.0],
            [-1.5, 0.0, 0.0, 7.0],
            [0.0, 1.0, 0.0, -4.0],
        ],
    ];
    for map in maps {
        for axis in 0..3 {
            let out = tempfile::tempdir().expect("a temporary folder");
            for (folder, file) in [
                ("images", nifti(map, |[i, j, k]| (20 * i + 3 * j + k) as u8)),
                ("labels", nifti(map, label)),
            ] {
                let folder = out.path().join(folder);
                fs::create_dir(&folder).expect("writable");
                fs::write(folder.join("case_1.nii"), file).expect("writable");
            }
            let report = play(&study(axis), out.path(), usize::MAX);
            let masks = out.path().join("masks");
            let exported = export(&report, &masks, Prompts::Last);
            assert_eq!((exported.files, exported.failed), (4, vec![]));
            let source = Volume::read(&out.path().join("images/case_1.nii"), None);
            let source = source.expect("it was written here");
            for (object, value) in [("liver", 1), ("spleen", 2)] {
                // The disc model answers a box with its inside, and the object is one.
                let path = masks.join(format!("disc/box/abdomen/case_1__{object}.nii.gz"));
                let mask = Volume::read(&path, None).expect("NIfTI");
                assert!(mask.grid.agrees_with(&source.grid), "{}", mask.grid);
                for k in 0..SHAPE[2] {
                    for j in 0..SHAPE[1] {
                        for i in 0..SHAPE[0] {
                            let expected = f64::from(u8::from(label([i, j, k]) == value));
                            let found = mask.value([i, j, k]);
                            assert!(
                                (found - expected).abs() < 1e-12,
                                "{object} at {i} {j} {k}, axis {axis}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn masks_of_cropped_slices_go_back_into_the_whole() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let map = [
        [-1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 2.0, 0.0],
    ];
    for (folder, file) in [
        ("images", nifti(map, |[i, j, k]| (20 * i + 3 * j + k) as u8)),
        ("labels", nifti(map, label)),
    ] {
        let folder = out.path().join(folder);
        fs::create_dir(&folder).expect("writable");
        fs::write(folder.join("a.nii"), file).expect("writable");
    }
    let text = study(2).replace("axis: 2,", "axis: 2, prepare: (crop: objects(margin: 1)),");
    let report = play(&text, out.path(), usize::MAX);
    let masks = out.path().join("masks");
    assert_eq!(
        export(&report, &masks, Prompts::Last).failed,
        Vec::<String>::new()
    );
    let mask = Volume::read(&masks.join("disc/box/abdomen/a__liver.nii.gz"), None);
    let mask = mask.expect("NIfTI");
    for (k, j, i) in (0..5).flat_map(|k| (0..7).flat_map(move |j| (0..9).map(move |i| (k, j, i)))) {
        let expected = f64::from(u8::from(label([i, j, k]) == 1));
        assert!(
            (mask.value([i, j, k]) - expected).abs() < 1e-12,
            "{i} {j} {k}"
        );
    }
}

#[test]
fn masks_of_pictures_are_pictures_and_all_prompts_are_there_if_asked() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let text = r#"(
    name: "first",
    datasets: [phantoms(name: "chest", modality: chest_xray, cases: 2, size: 80)],
    models: ["mobile_sam"],
    repeats: 2,
    strategies: [(
        name: "clicks",
        first: [point(object)],
        then: iterate(prompts: 3),
        protocol: (stop: at_iou(0.2)),
    )],
)"#;
    let report = play(text, out.path(), usize::MAX);
    let masks = out.path().join("masks");
    let exported = export(&report, &masks, Prompts::All);
    let stem = "disc/clicks/chest/000000__lung";
    for name in ["__p1", "__p3", "__r1__p2"] {
        let path = masks.join(format!("{stem}{name}.png"));
        let picture = image::open(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((picture.width(), picture.height()), (80, 80));
    }
    assert_eq!(exported.files, 2 * 2 * 3, "cases, repeats, prompts");
    assert_eq!(files(&masks).len(), 12 + 1);
    let annotations = fs::read_to_string(masks.join("disc/clicks/annotations.json"));
    let annotations: serde_json::Value =
        serde_json::from_str(&annotations.expect("readable")).expect("JSON");
    let count = |key: &str| annotations[key].as_array().map(Vec::len);
    assert_eq!((count("annotations"), count("images")), (Some(12), Some(2)));
    assert_eq!(annotations["annotations"][0]["segmentation"]["size"][0], 80);
}

#[test]
fn data_that_changed_are_told() {
    let out = tempfile::tempdir().expect("a temporary folder");
    for (folder, voxel) in [
        ("images", (|[i, _, _]| i as u8) as fn([usize; 3]) -> u8),
        ("labels", label),
    ] {
        let folder = out.path().join(folder);
        fs::create_dir(&folder).expect("writable");
        let map = [
            [1.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
        ];
        for case in ["a", "b"] {
            fs::write(folder.join(format!("{case}.nii")), nifti(map, voxel)).expect("writable");
        }
    }
    let report = play(&study(2), out.path(), usize::MAX);
    fs::write(out.path().join("images/a.nii"), b"no volume").expect("writable");
    let exported = export(&report, &out.path().join("masks"), Prompts::Last);
    assert_eq!(exported.files, 4, "those of the other case");
    assert!(
        exported.failed[0].starts_with("abdomen/a: "),
        "{exported:?}"
    );
    assert_eq!(exported.failed.len(), 1);
}
