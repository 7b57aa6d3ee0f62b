//! `engine check`, with scenarios that are right, wrong, and right about data that is not there.

use std::{fs, path::Path};

use insta_cmd::assert_cmd_snapshot;

use crate::program::{SCENARIO, engine, folder};

/// Writes `first.ron` with a part replaced.
fn write(folder: &Path, right: &str, other: &str) {
    assert!(SCENARIO.contains(right), "{right}");
    let text = SCENARIO.replacen(right, other, 1);
    fs::write(folder.join("first.ron"), text).expect("writable");
}

#[test]
fn a_right_scenario_is_counted() {
    let folder = folder();
    write(folder.path(), "", "");
    assert_cmd_snapshot!("check", engine(folder.path(), &["check", "first.ron"]));
    write(
        folder.path(),
        "size: 64)",
        "size: 64), phantoms(name: \"brain\", modality: brain_mri, size: 64, cases: 3)",
    );
    assert_cmd_snapshot!(
        "check_two_datasets",
        engine(folder.path(), &["check", "first.ron"])
    );
    write(
        folder.path(),
        "models:",
        "repeats: 5, protocol: (preset: ritm_protocol, distance: chamfer5), models:",
    );
    assert_cmd_snapshot!(
        "check_repeats",
        engine(folder.path(), &["check", "first.ron"])
    );
}

#[test]
fn a_scenario_that_is_not_there() {
    let folder = folder();
    assert_cmd_snapshot!(
        "check_missing",
        engine(folder.path(), &["check", "first.ron"])
    );
}

#[test]
fn what_a_scenario_names_must_exist() {
    let folder = folder();
    let path = folder.path();
    write(path, "\"mobile_sam\"", "\"mobile_sam\", \"mobilesam\"");
    assert_cmd_snapshot!("check_unknown_model", engine(path, &["check", "first.ron"]));
    write(path, "size: 64", "size: 64, objects: [\"liver\"]");
    assert_cmd_snapshot!(
        "check_unknown_object",
        engine(path, &["check", "first.ron"])
    );
    write(path, "point(object)", "scribble(object)");
    assert_cmd_snapshot!(
        "check_unknown_strategy",
        engine(path, &["check", "first.ron"])
    );
}

/// Replaces the dataset by a folder pair.
const FOLDERS: (&str, &str) = (
    "phantoms(name: \"chest\", modality: chest_xray, cases: 2, size: 64)",
    "folder_pair(name: \"chest\", images: \"images\", masks: \"masks\", objects: [(name: \"lung\")])",
);

#[test]
fn a_folder_that_is_not_there() {
    let folder = folder();
    write(folder.path(), FOLDERS.0, FOLDERS.1);
    assert_cmd_snapshot!(
        "check_missing_folder",
        engine(folder.path(), &["check", "first.ron"])
    );
}

#[test]
fn cases_that_cannot_be_read_are_named_and_counted() {
    let folder = folder();
    let path = folder.path();
    write(path, FOLDERS.0, FOLDERS.1);
    for name in ["images", "masks"] {
        fs::create_dir(path.join(name)).expect("writable");
        for file in ["a.png", "b.png"] {
            let picture = image::GrayImage::from_fn(8, 8, |x, _| image::Luma([x as u8 / 4 * 255]));
            picture.save(path.join(name).join(file)).expect("writable");
        }
    }
    fs::write(path.join("images/b.png"), b"\x89PNG\r\n\x1a\n").expect("writable");
    assert_cmd_snapshot!(
        "check_broken_picture",
        engine(path, &["check", "first.ron"])
    );
}

#[test]
fn colour_only_where_it_is_wanted() {
    let folder = folder();
    write(folder.path(), "\"boxes\"", "\"clicks\"");
    let stderr = |colour: &str| {
        let mut command = engine(folder.path(), &["check", "first.ron"]);
        let output = command.env(colour, "1").output().expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        output.stderr
    };
    assert!(!stderr("NO_COLOR").contains(&0x1b));
    assert!(stderr("FORCE_COLOR").contains(&0x1b));
}

#[test]
fn a_model_of_boxes_is_given_no_click() {
    for model in ["medsam_vit_b", "lite_medsam"] {
        let folder = folder();
        let check = |(point, then): (&str, &str)| {
            let text = SCENARIO
                .replace("mobile_sam", model)
                .replace("point(object)", point)
                .replace("iterate(prompts: 9)", then);
            fs::write(folder.path().join("first.ron"), text).expect("writable");
            let output = engine(folder.path(), &["check", "first.ron"]).output();
            let output = output.expect("the program starts");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), stderr)
        };
        let problem = format!("{model} was trained on boxes only");
        // The first prompt has a click, or those after it.
        for (strategy, place) in [
            (("point(object)", "once"), "first.ron:6:34"),
            (("box(object), point(object)", "once"), "first.ron:6:47"),
            (("box(object)", "iterate(prompts: 9)"), "first.ron:6:16"),
        ] {
            let (code, stderr) = check(strategy);
            assert_eq!(code, Some(2), "{stderr}");
            assert!(stderr.contains(&problem), "{stderr}");
            assert!(stderr.contains(place), "{place}: {stderr}");
        }
        let boxes = "iterate(prompts: 3, next: [box(error_region)])";
        for strategy in [("box(object)", "once"), ("box(object)", boxes)] {
            let (code, stderr) = check(strategy);
            assert_eq!(code, Some(0), "{stderr}");
        }
    }
}

#[test]
fn a_model_of_clicks_is_given_no_box() {
    let folder = folder();
    write(folder.path(), "mobile_sam", "ritm_h32");
    let output = engine(folder.path(), &["check", "first.ron"]).output();
    let output = output.expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("ritm_h32 takes clicks only"), "{stderr}");
    assert!(
        stderr.contains("first.ron:7:33"),
        "the box is underlined: {stderr}"
    );
}
