//! Every reader of files from outside, given bytes: for fuzzing, and for a test over damaged files.
//! None may panic, whatever the bytes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use engine::{
    cache::{EmbeddingCache, Key},
    formats::{
        Grid, Planes, Volume,
        dicom::{Colour, Instance, Segmentation, Series, StructureSet, Summary},
        raster,
    },
    metrics::Wanted,
    runs::{
        Counts, Manifest, Recording, Results, RunFolder, ScenarioText, State, find_predictions,
        read_rows,
    },
    scenario::{Average, ReplaySpec, ScenarioFile},
    weights::Checkpoint,
};

/// A reader, by name.
pub type Reader = fn(&[u8]);

/// All of them.
pub const READERS: [(&str, Reader); 11] = [
    ("scenario", scenario),
    ("weights", weights),
    ("rows", rows),
    ("predictions", predictions),
    ("prompts", prompts),
    ("manifest", manifest),
    ("journal", journal),
    ("cache", cache),
    ("volume", volume),
    ("picture", picture),
    ("dicom", dicom),
];

/// Writes the bytes to a file of that name, for readers that take a path.
fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("the temporary folder is writable");
    read(&path);
}

/// A scenario.
pub fn scenario(bytes: &[u8]) {
    with_file("scenario.ron", bytes, |path| {
        if let Ok(file) = ScenarioFile::read(path) {
            // What is declared is looked up, but not drawn.
            for spec in &file.scenario.datasets {
                _ = spec.open(Path::new("nowhere"));
            }
        }
    });
}

/// A checkpoint: the reader tells its kind by its content.
pub fn weights(bytes: &[u8]) {
    with_file("model", bytes, |path| drop(Checkpoint::open(path)));
}

/// `rows.csv`.
pub fn rows(bytes: &[u8]) {
    with_file("rows.csv", bytes, |path| {
        let rows = read_rows(path).expect("it can be opened");
        _ = rows.take_while(Result::is_ok).count();
    });
}

/// `predictions.jsonl`, with the masks of those lines that are predictions.
pub fn predictions(bytes: &[u8]) {
    with_file("predictions.jsonl", bytes, |path| {
        _ = find_predictions(path, &BTreeSet::new());
    });
    for line in bytes.split(|&byte| byte == b'\n') {
        if let Ok(found) = serde_json::from_slice::<engine::runs::PredictedMask>(line) {
            let [height, width] = found.segmentation.size;
            if height.saturating_mul(width) < 1 << 20 {
                _ = found.segmentation.decode([height, width]);
            }
        }
    }
}

/// `prompts.json`.
pub fn prompts(bytes: &[u8]) {
    let spec = ReplaySpec {
        file: PathBuf::new(),
        model: None,
        strategy: None,
    };
    with_file("prompts.json", bytes, |path| {
        drop(Recording::read(path, &spec, "clicks"));
    });
}

/// `manifest.json`.
pub fn manifest(bytes: &[u8]) {
    with_file("manifest.json", bytes, |path| drop(Manifest::read(path)));
}

/// `journal.log` of a run folder whose other files are as a run leaves them that was just begun.
pub fn journal(bytes: &[u8]) {
    let out = tempfile::tempdir().expect("the temporary folder is writable");
    let manifest = Manifest {
        engine: String::new(),
        code: String::new(),
        scenario: ScenarioText {
            name: "fuzz".to_owned(),
            blake3: String::new(),
            text: String::new(),
            folder: out.path().to_owned(),
        },
        shard: None,
        seed: 0,
        device: String::new(),
        threads: 1,
        repeats: 1,
        datasets: Vec::new(),
        models: Vec::new(),
        strategies: Vec::new(),
        measured: Wanted::default(),
        average: Average::default(),
        stages: Vec::new(),
        counts: Counts::default(),
        state: State::Running,
        started: String::new(),
        ended: None,
    };
    let folder = RunFolder::create(out.path(), &manifest, true).expect("it is writable");
    fs::write(folder.journal(), bytes).expect("it is writable");
    let results = Results::open(&folder).expect("a journal never stands in the way");
    results.finish().expect("it is writable");
}

/// An entry of the cache.
pub fn cache(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let cache = EmbeddingCache::open(folder.path(), 1 << 30).expect("it is writable");
    let hash = blake3::hash(b"fuzz");
    let name = hash.to_hex();
    let path = folder.path().join(&name[..2]);
    fs::create_dir(&path).expect("it is writable");
    fs::write(path.join(name.as_str()), bytes).expect("it is writable");
    _ = cache.get(&Key::new(hash));
}

/// A volume of any format: the reader tells it by its content. Files that a header may name hold the
/// same bytes.
pub fn volume(bytes: &[u8]) {
    with_file("volume.hdr", bytes, |path| {
        for name in ["volume.img", "detached.raw", "raw.data"] {
            fs::write(path.with_file_name(name), bytes).expect("it is writable");
        }
        for frame in [None, Some(1)] {
            if let Ok(volume) = Volume::read(path, frame) {
                let voxels: usize = volume.grid.shape.iter().product();
                assert_eq!(volume.values().count(), voxels);
                _ = volume.value(volume.grid.shape.map(|length| length - 1));
                _ = (volume.grid.view(2), volume.grid.to_string());
                assert!(volume.grid.agrees_with(&volume.grid));

                let planes = Planes::open(path, frame).expect("it was just read");
                let mut seen = 0;
                let visited = planes.visit(|place, _| seen += usize::from(place < voxels));
                assert!(visited.is_ok() && seen == voxels);
            }
        }
    });
}

/// A picture.
pub fn picture(bytes: &[u8]) {
    with_file("picture", bytes, |path| drop(raster::read(path)));
}

/// A DICOM file, whatever it is taken for.
pub fn dicom(bytes: &[u8]) {
    // A made-up grid, near enough to the made-up files for something to be laid over it.
    let grid = Grid {
        shape: [6, 5, 3],
        world_from_voxel: [
            [-0.7, 0.0, 0.0, -10.0],
            [0.0, -0.5, 0.0, -20.0],
            [0.0, 0.0, 2.0, 0.0],
        ],
        spacing_mm: Some([0.7, 0.5, 2.0]),
        is_placed: true,
    };
    with_file("file.dcm", bytes, |path| {
        if let Ok(instance) = Instance::open(path) {
            _ = Summary::of(&instance);
        }
        if let Ok(series) = Series::read(&[path.to_owned()], Colour::Gray) {
            // What is compressed may turn out to be broken when it is unpacked.
            for plane in series.volume.each().flatten() {
                assert!(plane.values().count() > 0);
            }
        }
        if let Ok(segmentation) = Segmentation::open(path) {
            _ = segmentation.place(&grid, &[], Some(0.5), &mut |_, voxel| assert!(voxel < 90));
        }
        if let Ok(structures) = StructureSet::open(path) {
            for roi in &structures.rois {
                _ = structures.place(roi, &grid, &mut |voxel| assert!(voxel < 90));
            }
        }
    });
}
