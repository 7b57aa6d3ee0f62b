//! Reading timed: pairs of PNG pictures, packed NIfTI volumes, headers and series of DICOM; what comes before
//! any model.
//!
//! `read.py` beside this file makes the files, and runs this program and Python's readers in turns:
//! each line it writes, a word and a path, is answered with the seconds of processor time that one
//! reading took. `pictures FOLDER` decodes every file of the folder, `volume FILE` one volume,
//! `slices FOLDER` the volume and labels there up to the slices that models see, `percentiles FOLDER` the
//! same between two percentiles of the volume, `headers FOLDER` what tells which DICOM files belong together,
//! `series FOLDER` the pixels of a series, slice by slice.

mod clock;

use std::{
    fs,
    hint::black_box,
    io::{self, BufRead as _},
    ops::ControlFlow,
    path::Path,
};

use engine::{
    datasets::SliceData,
    formats::{
        Volume,
        dicom::{Colour, Instance, Series, Summary},
        raster,
    },
    scenario::ScenarioFile,
};

use clock::{print, processor_time};

fn main() {
    for line in io::stdin().lock().lines() {
        let line = line.expect("the script writes text");
        // Cargo runs benches without input; with it come lines of two words.
        let (what, path) = line.split_once(' ').expect("a word and a path");
        let path = Path::new(path);
        let before = processor_time();
        match what {
            "pictures" => pictures(path),
            "volume" => {
                black_box(Volume::read(path, None).expect("the script made it"));
            }
            "slices" => slices(path, ""),
            "percentiles" => slices(
                path,
                "normalise: [percentile(low: 0.5, high: 99.5, over: volume)],",
            ),
            "headers" => headers(path),
            "series" => series(path),
            other => panic!("{other}: expected one of those above"),
        }
        let taken = processor_time().saturating_sub(before);
        print(&taken.as_secs_f64().to_string());
    }
}

fn pictures(folder: &Path) {
    for entry in fs::read_dir(folder).expect("the script made it") {
        let path = entry.expect("it can be listed").path();
        black_box(raster::read(&path).expect("the script made it"));
    }
}

fn headers(folder: &Path) {
    for entry in fs::read_dir(folder).expect("the script made it") {
        let path = entry.expect("it can be listed").path();
        black_box(Summary::of(
            &Instance::open(&path).expect("the script made it"),
        ));
    }
}

fn series(folder: &Path) {
    let entries = fs::read_dir(folder).expect("the script made it");
    let files: Vec<_> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    let series = Series::read(&files, Colour::Refuse).expect("the script made it");
    for plane in series.volume.each() {
        black_box(plane.expect("the script made it"));
    }
}

fn slices(folder: &Path, normalise: &str) {
    let declaration = format!(
        "(name: \"b\", datasets: [volumes(name: \"v\", images: \"images\", labels: \"labels\", {normalise} \
         objects: [(name: \"o\")])], models: [\"m\"], strategies: [(name: \"s\", first: [point(object)])])"
    );
    let file = ScenarioFile::parse(declaration, Path::new("read.ron"));
    let file = file.expect("the declaration is right");
    let dataset = file.scenario.datasets[0]
        .open(folder)
        .expect("the script made it");
    let mut sink = |slice: SliceData| {
        black_box(slice);
        ControlFlow::Continue(())
    };
    dataset.read(0, &mut sink).expect("the script made it");
}
