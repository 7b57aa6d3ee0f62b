//! A run that was cut off goes on where it ended, and ends with the same bytes.

use std::{collections::BTreeMap, fs, path::Path};

use super::{play, play_with};

pub(crate) const SCENARIO: &str = r#"(
    name: "study",
    seed: 3,
    datasets: [
        phantoms(name: "chest", modality: chest_xray, cases: 5, size: 64),
        phantoms(name: "brain", modality: brain_mri, cases: 4, size: 64),
    ],
    models: ["mobile_sam"],
    strategies: [
        (name: "clicks", first: [point(object)], then: iterate(prompts: 3)),
        (name: "boxes", first: [box(each_region(2))]),
    ],
)"#;

const ALL: usize = usize::MAX;

/// Returns every file of a run folder but the manifest, which has times, and the lock.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["", "overlays"] {
        for entry in fs::read_dir(root.join(folder)).expect("it is there") {
            let path = entry.expect("readable").path();
            let name = path.strip_prefix(root).expect("inside").to_owned();
            let name = name.to_str().expect("plain").to_owned();
            if path.is_file() && !["manifest.json", ".lock"].contains(&name.as_str()) {
                files.insert(name, fs::read(path).expect("readable"));
            }
        }
    }
    files
}

#[test]
fn stopped_runs_end_as_one_that_was_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = play(SCENARIO, folder.path(), ALL);
    let expected = files(&whole.folder);
    assert!(expected.len() > 6, "rows, summary, overlays and more");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut cases = vec![0];
    loop {
        let part = play(SCENARIO, folder.path(), 1);
        cases.push(part.outcome.counts.cases);
        if part.outcome.counts.cases == 9 {
            assert!(files(&part.folder) == expected);
            assert_eq!(part.outcome.counts, whole.outcome.counts);
            break;
        }
    }
    assert!(cases.len() > 2 && cases.is_sorted(), "{cases:?}");
    // Nothing is left to do, and nothing is done.
    let again = play(SCENARIO, folder.path(), ALL);
    assert!(files(&again.folder) == expected);
    assert_eq!(
        again
            .outcome
            .timings
            .of(engine::pipeline::Stage::Encode)
            .count,
        0
    );
}

#[test]
fn streams_that_run_on_from_case_to_case_begin_anew() {
    let text = SCENARIO.replace("seed: 3,", "seed: 3, protocol: (ties: legacy(seed: 1)),");
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let whole = play(&text, folders[0].path(), ALL);
    play(&text, folders[1].path(), 2);
    let resumed = play(&text, folders[1].path(), ALL);
    assert!(files(&resumed.folder) == files(&whole.folder));
}

#[test]
fn what_was_changed_is_shown_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = play(SCENARIO, folder.path(), 1);
    let before = files(&report.folder);
    let other = SCENARIO.replace("prompts: 3", "prompts: 4");
    let error = play_with(&other, folder.path(), ALL, false, None).expect_err("another scenario");
    let error = error.to_string();
    assert!(error.contains("iterate(prompts: 4)"), "{error}");
    assert!(error.contains("--fresh"), "{error}");
    assert!(files(&report.folder).contains_key("rows.csv"));
    assert_eq!(files(&report.folder)["rows.csv"], before["rows.csv"]);
    let fresh = play_with(&other, folder.path(), ALL, true, None).expect("replaced");
    assert_eq!(fresh.outcome.counts.cases, 9);
}
