//! `engine run --cache`: the same rows, sooner.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tests::shared;

use crate::program::engine;

const FIRST: &str = r#"(
    name: "first", models: ["mobile_sam"],
    datasets: [phantoms(name: "p", modality: breast_ultrasound, cases: 6, size: 128)],
    strategies: [(name: "box", first: [box(object)])],
)"#;

/// Other prompts on the same slices.
fn second() -> String {
    FIRST
        .replace("first\", models", "second\", models")
        .replace(
            "(name: \"box\", first: [box(object)])",
            "(name: \"point\", first: [point(object)])",
        )
}

/// Plays a scenario's text with the cache folder `c`, or without; returns rows, words and time.
fn play(folder: &Path, text: &str, out: &str, cache: bool) -> (String, String, Duration) {
    let weights = shared("weights").expect("looked for before").canonicalize();
    fs::write(folder.join("scenario.ron"), text).expect("writable");
    let mut command = engine(folder, &["run", "scenario.ron", "--offline", "--out", out]);
    command.arg("--models").arg(weights.expect("it exists"));
    if cache {
        command.args(["--cache", "c"]);
    }
    let start = Instant::now();
    let output = command.output().expect("it runs");
    let elapsed = start.elapsed();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    let name = if text == FIRST { "first" } else { "second" };
    let rows = fs::read_to_string(folder.join(out).join(name).join("rows.csv"));
    (rows.expect("it was written"), words, elapsed)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let list = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).expect("readable");
        entries
            .map(|entry| entry.expect("readable").path())
            .collect()
    };
    list(&folder.join("c"))
        .iter()
        .flat_map(|path| list(path))
        .collect()
}

#[expect(clippy::print_stderr, reason = "the ratio is worth knowing")]
#[test]
fn a_second_scenario_finds_the_embeddings_of_the_first() {
    if shared("weights").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let (expected, _, without) = play(folder, &second(), "plain", false);
    let (first, words, _) = play(folder, FIRST, "a", true);
    assert!(
        words.contains("0 of 6 embeddings were in the cache"),
        "{words}"
    );
    assert_eq!(first.lines().count(), 7);
    let (rows, words, with) = play(folder, &second(), "b", true);
    assert!(
        words.contains("6 of 6 embeddings were in the cache"),
        "{words}"
    );
    assert!(rows == expected, "the same bits");
    let ratio = without.as_secs_f64() / with.as_secs_f64();
    eprintln!(
        "a second scenario over the same slices takes {without:.1?} without cache, {with:.1?} with: {ratio:.1} times faster"
    );

    let entries = entries(folder);
    assert_eq!(entries.len(), 6);
    let mut bytes = fs::read(&entries[0]).expect("readable");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&entries[0], bytes).expect("writable");
    fs::write(&entries[1], "ENGEMB01").expect("writable");
    let (rows, words, _) = play(folder, &second(), "d", true);
    assert!(
        words.contains("4 of 6 embeddings were in the cache"),
        "{words}"
    );
    assert!(words.contains("damaged; it is computed again"), "{words}");
    assert!(rows == expected, "what is damaged is computed again");
}
