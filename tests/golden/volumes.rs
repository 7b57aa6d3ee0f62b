//! Volumes of every format as nibabel, pynrrd, SimpleITK and NumPy read them.
//!
//! `volumes/read.py` wrote `volumes/volumes.json`; it says how to repeat that. Files that this test
//! writes are checked to be the bytes that the script read.

use std::{collections::BTreeMap, env, fs, ops::ControlFlow, path::Path};

use engine::{
    datasets::SliceData,
    formats::{Planes, Volume, volume::ByteOrder},
};
use serde::Deserialize;
use tempfile::TempDir;
use tests::{
    shared,
    volumes::{Made, Nifti, Placing, Variant, variants},
};

use crate::data::open_at;

/// What another program read.
#[derive(Deserialize)]
struct Peers {
    made: BTreeMap<String, MadeFile>,
    shared: BTreeMap<String, Expected>,
    resampled: BTreeMap<String, Counts>,
}

#[derive(Deserialize)]
struct MadeFile {
    crc32: u32,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    shape: [usize; 3],
    spacing_mm: Option<[f64; 3]>,
    affine: Option<[[f64; 4]; 3]>,
    nonzero: usize,
    least: f64,
    largest: f64,
    sum: f64,
    weighted: f64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Counts {
    slices: Vec<usize>,
    rows: Vec<usize>,
    columns: Vec<usize>,
}

fn peers() -> Peers {
    serde_json::from_str(include_str!("volumes/volumes.json")).expect("as the script writes it")
}

fn assert_near(found: f64, expected: f64, scale: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-9 * scale.max(1.0),
        "{what}: {found}, expected {expected}"
    );
}

fn check(name: &str, volume: &Volume, expected: &Expected) {
    assert_eq!(volume.grid.shape, expected.shape, "{name}");
    let values: Vec<f64> = volume.values().collect();
    assert_eq!(
        values.iter().filter(|&&value| value != 0.0).count(),
        expected.nonzero,
        "{name}"
    );
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let size: f64 = values.iter().map(|value| value.abs()).sum();
    let weigh = |n: usize| (n % 65521 + 1) as f64;
    let weighted: f64 = values
        .iter()
        .enumerate()
        .map(|(n, value)| weigh(n) * value)
        .sum();
    assert_near(least, expected.least, least.abs(), name);
    assert_near(largest, expected.largest, largest.abs(), name);
    assert_near(values.iter().sum(), expected.sum, size, name);
    assert_near(weighted, expected.weighted, size * 65521.0, name);

    // What lies in no known place has no such map; of the others all numbers are the same, but for
    // rounding of spacings that a header has in single precision.
    if let (Some(affine), true) = (expected.affine, volume.grid.is_placed) {
        let found = volume.grid.world_from_voxel;
        // A header that gives only the size of voxels says nothing of an origin; the standard's is
        // the first voxel, nibabel's the middle.
        let columns = if name.starts_with("size") { 0..3 } else { 0..4 };
        for (found, expected) in found.iter().zip(affine) {
            for column in columns.clone() {
                let apart = (found[column] - expected[column]).abs();
                assert!(apart < 1e-5, "{name}: {found:?} {expected:?}");
            }
        }
    }
    if let (Some(found), Some(expected)) = (volume.grid.spacing_mm, expected.spacing_mm) {
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-5,
                "{name}: {found} {expected}"
            );
        }
    }
}

/// Writes the files of all variants, for a script to read if `VOLUMES_OUT` names a folder.
fn write_variants(folder: &Path, all: &[Variant]) {
    let mut index = serde_json::Map::new();
    for variant in all {
        for (name, bytes) in &variant.files {
            fs::write(folder.join(name), bytes).expect("the folder can be written");
        }
        let names: Vec<&str> = variant
            .files
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let entry = serde_json::json!({ "files": names, "frame": variant.frame });
        index.insert(variant.name.clone(), entry);
    }
    let index = serde_json::Value::Object(index).to_string();
    fs::write(folder.join("index.json"), index).expect("the folder can be written");
    for (name, bytes) in [("image", moved_image()), ("labels", moved_labels())] {
        let path = folder.join(format!("resample_{name}.nii"));
        fs::write(path, bytes).expect("the folder can be written");
    }
}

#[test]
fn volumes_of_every_format() {
    let temporary = TempDir::new().expect("a temporary folder can be made");
    let chosen = env::var_os("VOLUMES_OUT");
    let folder = chosen.as_deref().map_or(temporary.path(), Path::new);
    fs::create_dir_all(folder).expect("the folder can be made");
    let all = variants();
    write_variants(folder, &all);
    if chosen.is_some() {
        return;
    }
    let peers = peers();
    assert_eq!(peers.made.len(), all.len());
    for Variant { name, files, frame } in &all {
        let MadeFile { crc32, expected } = &peers.made[name];
        let mut hasher = crc32fast::Hasher::new();
        for (_, bytes) in files {
            hasher.update(bytes);
        }
        assert_eq!(
            hasher.finalize(),
            *crc32,
            "{name} is another file than the script read"
        );
        let volume = Volume::read(&folder.join(name), *frame).expect(name);
        check(name, &volume, expected);
        let is_nowhere = ["scanner", "spacings", "none"]
            .iter()
            .any(|word| name.contains(word));
        let is_array = files[0].1.starts_with(b"\x93NUMPY");
        assert_eq!(volume.grid.is_placed, !is_nowhere && !is_array, "{name}");
        let is_known = !name.contains("none") && !is_array;
        assert_eq!(volume.grid.spacing_mm.is_some(), is_known, "{name}");
    }
}

#[test]
fn planes_are_those_of_the_volume() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let all = variants();
    write_variants(folder.path(), &all);
    for Variant { name, frame, .. } in &all {
        let path = folder.path().join(name);
        let volume = Volume::read(&path, *frame).expect(name);
        let expected: Vec<u64> = volume.values().map(f64::to_bits).collect();
        let planes = Planes::open(&path, *frame).expect(name);
        assert_eq!(planes.grid, volume.grid, "{name}");
        let mut visited = vec![None; expected.len()];
        let all_there = planes.visit(|place, value| visited[place] = Some(value.to_bits()));
        all_there.expect(name);
        assert!(expected.iter().copied().map(Some).eq(visited), "{name}");

        let [width, height, _] = planes.grid.shape;
        let planes = planes.held().expect(name);
        for index in (0..planes.grid.shape[planes.axis()]).rev() {
            let plane = planes.plane(index).expect(name);
            for (place, &expected) in expected.iter().enumerate() {
                let voxel = [
                    place % width,
                    place / width % height,
                    place / width / height,
                ];
                if voxel[planes.axis()] == index {
                    assert_eq!(plane.value(voxel).to_bits(), expected, "{name} {voxel:?}");
                }
            }
        }
    }
}

#[test]
fn volumes_at_hand() {
    let Some(folder) = shared("data") else {
        return;
    };
    let peers = peers();
    assert!(peers.shared.len() > 40, "{}", peers.shared.len());
    for (name, expected) in &peers.shared {
        let volume = Volume::read(&folder.join(name), None).expect(name);
        assert!(
            volume.grid.is_placed && volume.grid.spacing_mm.is_some(),
            "{name}"
        );
        check(name, &volume, expected);
    }
}

/// An image whose slices are shown as they are stored: its axes run left, back and up.
fn moved_image() -> Vec<u8> {
    let image = Made {
        shape: [20, 24, 14],
        world_from_voxel: [
            [-0.7, 0.0, 0.0, 6.3],
            [0.0, -0.65, 0.0, 8.1],
            [0.0, 0.0, 1.1, -6.2],
        ],
        values: vec![50; 20 * 24 * 14],
    };
    Nifti::default().file(&image)
}

/// Labels on a coarser grid, turned and moved.
fn moved_labels() -> Vec<u8> {
    let mut labels = Made::tilted([9, 8, 7]);
    for value in &mut labels.values {
        *value = i64::from(*value > 50);
    }
    // Turned about two axes; 1.3, 1.4 and 2.1 mm.
    labels.world_from_voxel = [
        [-1.04, 0.8064, 0.3528, 0.0],
        [-0.78, -1.0752, -0.4704, 8.5],
        [0.0, -0.392, 2.016, -4.0],
    ];
    Nifti {
        placing: Placing::Affine,
        order: ByteOrder::Big,
        ..Nifti::default()
    }
    .file(&labels)
}

/// Reads labels onto the grid of a volume through a declaration, and counts.
fn count(folder: &Path, image: &str, labels: &str, shape: [usize; 3]) -> Counts {
    let declaration = format!(
        r#"volumes(name: "v", images: ".", labels: ".", image_name: "{image}", label_name: "{labels}",
                 objects: [(name: "o")], grid: resample)"#
    );
    let dataset = open_at(&declaration, folder);
    assert_eq!(dataset.case_count(), 1, "{declaration}");
    let [width, height, depth] = shape;
    let mut counts = Counts {
        slices: vec![0; depth],
        rows: vec![0; height],
        columns: vec![0; width],
    };
    let mut sink = |slice: SliceData| {
        for ((y, x), _) in slice.masks[0]
            .bitmap
            .indexed_iter()
            .filter(|(_, inside)| **inside)
        {
            counts.slices[slice.index] += 1;
            counts.rows[y] += 1;
            counts.columns[x] += 1;
        }
        ControlFlow::Continue(())
    };
    dataset.read(0, &mut sink).expect(&declaration);
    counts.rows.sort_unstable();
    counts.columns.sort_unstable();
    counts
}

#[test]
fn labels_are_resampled_as_by_simple_itk() {
    let peers = peers();
    let temporary = TempDir::new().expect("a temporary folder can be made");
    write_variants(temporary.path(), &[]);
    let found = count(
        temporary.path(),
        "{stem}_image",
        "{stem}_labels",
        [20, 24, 14],
    );
    assert_eq!(found, peers.resampled["made"]);
    let Some(folder) = shared("data/pet_ct_mr/nifti") else {
        return;
    };
    for (name, expected) in peers.resampled.iter().filter(|(name, _)| *name != "made") {
        let words: Vec<&str> = name.split(' ').collect();
        let [case, image, labels] = words[..] else {
            panic!("{name}");
        };
        let volume = Volume::read(
            &folder.join(case).join(format!("{image}_image.nii.gz")),
            None,
        );
        let shape = volume.expect(name).grid.shape;
        let image = format!("{{stem}}/{image}_image");
        let labels = format!("{{stem}}/{labels}_mask");
        // One case of the folder at a time.
        let one = TempDir::new().expect("a temporary folder can be made");
        let link = std::os::unix::fs::symlink(folder.join(case), one.path().join(case));
        link.expect("a link can be made");
        assert_eq!(
            &count(one.path(), &image, &labels, shape),
            expected,
            "{name}"
        );
    }
}
