//! Shards, put together, are the run.

use std::fs;

use engine::runs::{Report, RunError, Shard, State, merge};

use super::{
    play, play_with,
    resume::{SCENARIO, files},
};

const ALL: usize = usize::MAX;

fn shard(text: &str) -> Shard {
    text.parse().expect("a part")
}

#[test]
fn merged_shards_are_the_bytes_of_a_run_without() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = play(SCENARIO, folder.path(), ALL);
    let expected = files(&whole.folder);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("study");
    let part = |text: &str, batches| -> Report {
        play_with(SCENARIO, folder.path(), batches, false, Some(shard(text))).expect("writable")
    };
    assert!(matches!(merge(&root), Err(RunError::NoShards(_))));
    part("5/5", ALL);
    part("1/5", ALL);
    let error = merge(&root).expect_err("three are missing").to_string();
    assert!(error.contains("not there: 2, 3, 4"), "{error}");
    for index in [3, 4] {
        part(&format!("{index}/5"), ALL);
    }
    // A shard that was cut off goes on like any run.
    assert_eq!(part("2/5", 0).outcome.state, State::Interrupted);
    let error = merge(&root).expect_err("one is not finished").to_string();
    assert!(error.contains("not finished: 2;"), "{error}");
    assert!(error.contains("--shard 2/5"), "{error}");
    part("2/5", ALL);
    let merged = merge(&root).expect("all are there");
    assert!(files(&merged.folder) == expected);
    assert_eq!(merged.outcome.counts, whole.outcome.counts);
    assert_eq!(merged.digest, whole.digest);

    // Playing a shard again changes nothing, nor does merging again.
    part("4/5", ALL);
    merge(&root).expect("all are there");
    assert!(files(&root) == expected);
    // The merged run is a finished run like any other.
    assert!(files(&play(SCENARIO, folder.path(), ALL).folder) == expected);

    part("1/4", 0);
    let error = merge(&root).expect_err("of two divisions").to_string();
    assert!(error.contains("1/4 and 1/5"), "{error}");
}

#[test]
fn shards_of_another_scenario_or_damaged_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("study");
    let part = |text: &str, index: &str| {
        play_with(text, folder.path(), ALL, true, Some(shard(index))).expect("writable")
    };
    part(SCENARIO, "1/2");
    part(&SCENARIO.replace("seed: 3", "seed: 4"), "2/2");
    let error = merge(&root).expect_err("two scenarios").to_string();
    assert!(
        error.contains("-    seed: 3,") && error.contains("+    seed: 4,"),
        "{error}"
    );
    let second = part(SCENARIO, "2/2");
    let rows = second.folder.join("rows.csv");
    let text = fs::read_to_string(&rows).expect("readable");
    fs::write(&rows, text.replace("0.", "1.")).expect("writable");
    let error = merge(&root).expect_err("damaged").to_string();
    assert!(error.contains("damaged: 2"), "{error}");
    assert!(!root.join("rows.csv").exists(), "nothing was written");
    // What is damaged is played again.
    play_with(SCENARIO, folder.path(), ALL, false, Some(shard("2/2"))).expect("resumed");
    merge(&root).expect("all are there");
}

#[test]
fn a_stream_that_runs_on_from_case_to_case_has_no_shards() {
    let text = SCENARIO.replace("seed: 3,", "seed: 3, protocol: (ties: legacy(seed: 1)),");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = play_with(&text, folder.path(), ALL, false, Some(shard("1/2")));
    assert!(matches!(error, Err(RunError::Unshardable)));
}
