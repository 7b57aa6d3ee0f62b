//! The study's datasets, from folders as their publishers lay them out to a run's report.

mod damaged;
mod preparation;
mod trees;

use std::{
    collections::BTreeSet,
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::Output,
};

use engine::{
    datasets::{Dataset, DatasetError, Known, SliceData},
    scenario::ScenarioFile,
};
use insta_cmd::assert_cmd_snapshot;
use tempfile::TempDir;

use crate::program::{engine, folder};
use trees::{LAYOUTS, Layout};

/// Returns the first dataset that a text declares, with paths from a folder.
fn open(declaration: &str, base: &Path) -> Result<Box<dyn Dataset>, DatasetError> {
    let text = format!(
        "(name: \"t\", datasets: [{declaration}], models: [\"m\"], \
          strategies: [(name: \"s\", first: [point(object)])])"
    );
    let file = ScenarioFile::parse(text, Path::new("t.ron"));
    let file = file.unwrap_or_else(|error| panic!("{:?}", miette::Report::new(error)));
    file.scenario.datasets[0].open(base)
}

/// Reads all slices of all cases.
fn read(dataset: &dyn Dataset) -> Vec<(String, Vec<SliceData>)> {
    let sources = dataset.cases().enumerate();
    let read = sources.map(|(case, source)| {
        let mut slices = Vec::new();
        let outcome = dataset.read(case, &mut |slice| {
            slices.push(slice);
            ControlFlow::Continue(())
        });
        assert!(outcome.is_ok(), "{}: {:?}", source.id, outcome.err());
        (source.id, slices)
    });
    read.collect()
}

/// How many slices show each object.
fn slices_of(dataset: &dyn Dataset) -> Vec<(&str, usize)> {
    let cases = read(dataset);
    let masks = || {
        let slices = cases.iter().flat_map(|(_, slices)| slices);
        slices.flat_map(|slice| &slice.masks)
    };
    let names = dataset.objects().iter().enumerate();
    names
        .map(|(object, name)| {
            let slices = masks().filter(|mask| mask.object == object).count();
            (name.as_str(), slices)
        })
        .collect()
}

fn planted(layout: &Layout) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    plant(layout, root.path());
    root
}

fn plant(layout: &Layout, root: &Path) {
    let folder = root.join(layout.folder());
    fs::create_dir_all(&folder).expect("writable");
    (layout.write)(&folder);
}

#[test]
fn every_layout_is_recognised() {
    for layout in LAYOUTS {
        let root = planted(layout);
        let dataset = open(layout.declaration, root.path());
        let dataset = dataset.unwrap_or_else(|error| panic!("{}: {error}", layout.declaration));
        let found = format!("laid out as `{}` in ", layout.name);
        let remarks = dataset.remarks();
        assert!(remarks[0].starts_with(&found), "{remarks:?}");
        assert_eq!(dataset.name(), layout.dataset());
        assert_eq!(dataset.case_count(), layout.cases, "{}", layout.declaration);
        assert_eq!(
            slices_of(&*dataset),
            layout.objects,
            "{}",
            layout.declaration
        );
    }
}

#[test]
fn every_layout_has_a_tree() {
    let tested: BTreeSet<_> = LAYOUTS
        .iter()
        .map(|layout| (layout.dataset(), layout.name))
        .collect();
    for known in Known::all() {
        for layout in &known.layouts {
            let name = layout.name.as_str();
            assert!(tested.contains(&(known.id, name)), "{} {name}", known.id);
        }
    }
}

#[test]
fn what_is_printed_means_the_same() {
    for layout in LAYOUTS {
        let root = planted(layout);
        let dataset = open(layout.declaration, root.path()).expect("it is recognised");
        let place = dataset.remarks()[0]
            .rsplit(" in ")
            .next()
            .map(str::to_owned);
        let modality = layout.declaration.split("modality: \"").nth(1);
        let modality = modality.and_then(|rest| rest.split('"').next());
        let known = Known::find(layout.dataset()).expect("it is known");
        let known = known.layouts.iter().find(|one| one.name == layout.name);
        let text = known
            .expect("it has this layout")
            .declaration(&place.expect("the remark names it"), modality)
            .expect("the modality is there");
        let printed = open(&text, root.path()).expect("it is the same");
        assert_eq!(printed.objects(), dataset.objects());
        assert_eq!(read(&*printed), read(&*dataset), "{text}");
    }
}

/// The shipped scenario with a model that needs no weights and few prompts, beside trees for all
/// its folders.
fn study() -> TempDir {
    let root = folder();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/eleven_datasets.ron");
    let text = fs::read_to_string(shipped).expect("it is part of the project");
    for layout in LAYOUTS {
        if text.contains(&format!(
            "        {}",
            layout.declaration.trim_end_matches(')')
        )) {
            plant(layout, root.path());
        }
    }
    let text = text
        .replace("\"mobile_sam\"", "\"geodesic\"")
        .replace("prompts: 9", "prompts: 2");
    fs::write(root.path().join("eleven_datasets.ron"), text).expect("writable");
    root
}

fn told(root: &Path, arguments: &[&str]) -> Output {
    engine(root, arguments).output().expect("it runs")
}

#[test]
fn the_study_is_checked_and_played() {
    let root = study();
    let checked = told(root.path(), &["check", "eleven_datasets.ron"]);
    let (said, text) = (words(&checked), String::from_utf8_lossy(&checked.stdout));
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert!(
        said.contains("mri_heart: laid out as `decathlon` in data/Task02_Heart"),
        "{said}"
    );
    assert!(
        said.contains("xray_chest: 1 file without a partner is passed over"),
        "{said}"
    );
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let played = &LAYOUTS[..Known::all().len()];
    for layout in played {
        let images = engine::report::published_images(layout.dataset());
        let images = images.expect("it is in Table 1").to_string();
        for (object, slices) in layout.objects {
            let line = [layout.dataset(), object, &slices.to_string(), &images];
            assert!(
                lines.iter().any(|found| *found == line),
                "{line:?} in {text}"
            );
        }
    }

    let run = told(root.path(), &["run", "eleven_datasets.ron", "--offline"]);
    assert_eq!(run.status.code(), Some(0), "{}", words(&run));
    let result = |name: &str| {
        let path = root.path().join("runs/eleven_datasets").join(name);
        fs::read_to_string(path).expect("readable")
    };
    let rows = result("rows.csv");
    for layout in played {
        for (object, slices) in layout.objects {
            let of_it = |line: &&str| {
                let cells: Vec<_> = line.split(',').collect();
                cells[0] == layout.dataset() && cells.contains(object)
            };
            // Two clicks and the five modes.
            let count = rows.lines().filter(of_it).count();
            assert_eq!(count, 7 * slices, "{} {object}", layout.dataset());
        }
    }
    let page = result("report.html");
    for object in [
        "MRI-Spine: GM",
        "MRI-Brain: Edema",
        "Xray-Hip: Femur",
        "CT-Organ: Bone",
    ] {
        assert!(page.contains(object), "{object} was published");
    }
    assert!(page.contains("1302"), "images of MRI-Heart in the study");
}

#[test]
fn shards_play_the_same_sample() {
    let root = folder();
    plant(&LAYOUTS[2], root.path());
    let text = "(name: \"some\", models: [\"geodesic\"], strategies: [(name: \"s\", first: \
                [box(object)])], datasets: [mri_prostate(folder: \"data/mri_prostate\", prepare: \
                (cases: sample(count: 4, seed: 5), slices: sample(count: 1, seed: 5)))])";
    fs::write(root.path().join("some.ron"), text).expect("writable");
    let play = |out: &str, shard: &[&str]| {
        let run = ["run", "some.ron", "--offline", "--out", out];
        let run = told(root.path(), &[&run[..], shard].concat());
        assert_eq!(run.status.code(), Some(0), "{}", words(&run));
    };
    play("whole", &[]);
    play("parts", &["--shard", "1/2"]);
    play("parts", &["--shard", "2/2"]);
    let merged = told(root.path(), &["merge", "parts/some"]);
    assert_eq!(merged.status.code(), Some(0), "{}", words(&merged));
    let rows = |out: &str| fs::read_to_string(root.path().join(out).join("some/rows.csv"));
    let whole = rows("whole").expect("readable");
    assert_eq!(
        whole.lines().count(),
        1 + 4,
        "one slice of each of four cases: {whole}"
    );
    assert_eq!(whole, rows("parts").expect("readable"));
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn datasets_are_listed_and_declared() {
    let none = folder();
    let datasets = |arguments: &[&str]| engine(none.path(), &[&["datasets"], arguments].concat());
    assert_cmd_snapshot!("datasets", datasets(&[]));
    assert_cmd_snapshot!("datasets_spine", datasets(&["mri_spine"]));
    assert_cmd_snapshot!(
        "datasets_brain",
        datasets(&["mri_brain", "--folder", "my \"brains\"", "--modality", "t2"])
    );
    assert_cmd_snapshot!("datasets_unknown", datasets(&["mri_hart"]));
    assert_cmd_snapshot!(
        "datasets_modality",
        datasets(&["mri_heart", "--modality", "t2"])
    );
}

/// Returns why a dataset does not open, without the folder's own path.
fn refusal(declaration: &str, root: &Path) -> String {
    let error = open(declaration, root).err().expect("it should not open");
    error
        .to_string()
        .replace(&format!("{}/", root.display()), "")
}

#[test]
fn folders_that_hold_something_else() {
    let root = planted(&LAYOUTS[1]);
    fs::create_dir(root.path().join("empty")).expect("writable");
    let missing = refusal(r#"mri_heart(folder: "heart")"#, root.path());
    assert!(
        missing.starts_with("heart: cannot be listed: "),
        "{missing}"
    );
    let expected = "does not look like CT-Liver: expected volume-0.nii and segmentation-0.nii; or Training Batch 1/";
    for folder in ["empty", "data", "data/Task02_Heart"] {
        let refusal = refusal(&format!("ct_liver(folder: {folder:?})"), root.path());
        assert!(
            refusal.starts_with(&format!("{folder}: {expected}")),
            "{refusal}"
        );
        assert!(
            refusal.ends_with("what `engine datasets ct_liver` prints"),
            "{refusal}"
        );
    }
    let forced = refusal(
        r#"xray_hip(folder: "data/Task02_Heart", layout: "label_names")"#,
        root.path(),
    );
    assert!(
        forced.contains("expected images/image_044.nii.gz and labels/label_044"),
        "{forced}"
    );
}

#[test]
fn choices_that_are_not_there() {
    let root = planted(&LAYOUTS[1]);
    let heart = |field: &str| {
        let declaration = format!(r#"mri_heart(folder: "data/Task02_Heart", {field})"#);
        refusal(&declaration, root.path())
    };
    for (field, expected) in [
        (
            "layout: \"bids\"",
            "no layout `bids`; expected one of decathlon",
        ),
        ("modality: \"t1\"", "there is nothing to choose from here"),
        (
            "objects: [\"liver\"]",
            "no object `liver`; expected some of left_atrium",
        ),
        (
            "raters: one(\"r1\")",
            "`raters` needs {rater} in `label_name`",
        ),
    ] {
        assert!(heart(field).contains(expected), "{}", heart(field));
    }
    let root = planted(&LAYOUTS[0]);
    let spine = r#"mri_spine(folder: "data/mri_spine", raters: one("r9"))"#;
    let refusal = refusal(spine, root.path());
    assert!(
        refusal.contains("expected one of r1, r2, r3, r4"),
        "{refusal}"
    );
}

#[test]
fn raters_are_merged_chosen_or_kept_apart() {
    let root = planted(&LAYOUTS[0]);
    let spine = |field: &str| {
        let declaration =
            format!(r#"mri_spine(folder: "data/mri_spine", objects: ["gm"], {field})"#);
        open(&declaration, root.path()).expect("it is recognised")
    };
    assert_eq!(slices_of(&*spine("raters: majority")), [("gm", 4)]);
    assert_eq!(slices_of(&*spine(r#"raters: one("r2")"#)), [("gm", 6)]);
    assert_eq!(slices_of(&*spine(r#"raters: one("r3")"#)), [("gm", 4)]);
    let apart = [("gm_r1", 6), ("gm_r2", 6), ("gm_r3", 4), ("gm_r4", 4)];
    assert_eq!(slices_of(&*spine("raters: as_objects")), apart);
    let cases = spine("raters: as_cases");
    assert_eq!(slices_of(&*cases), [("gm", 20)]);
    let ids: Vec<_> = cases.cases().map(|case| case.id).collect();
    assert_eq!(ids.len(), 8);
    assert_eq!(ids[..2], ["site1-sc01-image/r1", "site1-sc01-image/r2"]);
}

#[test]
fn what_differs_is_said_beside_the_folder() {
    let root = planted(&LAYOUTS[6]);
    let breast = |field: &str| {
        let declaration = format!(r#"us_breast(folder: "data/Dataset_BUSI_with_GT", {field})"#);
        open(&declaration, root.path()).expect("it is recognised")
    };
    let apart = breast("name: \"lesions\", prepare: (components: 2)");
    assert_eq!(apart.name(), "lesions");
    // The declaration's own `empty: skip` stays.
    assert_eq!(slices_of(&*apart), [("lesion_1", 2), ("lesion_2", 1)]);
    let large = breast("prepare: (components: 2, min_pixels: 5)");
    assert_eq!(slices_of(&*large), [("lesion_1", 2), ("lesion_2", 0)]);
    let plain = read(&*breast("normalise: []"));
    let stretched = read(&*breast("normalise: [min_max(slice)]"));
    let largest = |cases: &[(String, Vec<SliceData>)]| cases[0].1[0].pixels.iter().max().copied();
    assert_eq!(
        (largest(&plain), largest(&stretched)),
        (Some(155), Some(255))
    );
}

/// Paths of all shipped declarations, and patterns within them: none may lead out of the folder that a
/// user names.
#[test]
fn declarations_stay_in_their_folder() {
    for known in Known::all() {
        for layout in &known.layouts {
            let text = layout
                .declaration("FOLDER", None)
                .expect("the default is there");
            for field in ["images: ", "masks: ", "labels: ", "folder: "] {
                for rest in text.split(field).skip(1) {
                    let path = rest.split('"').nth(1).map(PathBuf::from);
                    let path = path.expect("a text in quotes");
                    assert!(
                        (path.starts_with("FOLDER") || path.starts_with("{case}"))
                            && !path.to_string_lossy().contains("..")
                    );
                }
            }
        }
    }
}
