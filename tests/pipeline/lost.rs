//! A graphics device that is lost in the middle of a run, or refuses a shader: provoked, not pretended.

use std::{fs, path::Path, process::Command};

use engine::{models::Model, runs::Report};
use kernels::KernelError;

use super::{disc::Disc, play_on, read, resume::files};

/// Ten slices, three batches, and clicks whose distances are measured on the device.
const SCENARIO: &str = r#"(
    name: "lost",
    seed: 5,
    datasets: [phantoms(name: "brain", modality: brain_mri, cases: 10, size: 72)],
    models: ["mobile_sam"],
    strategies: [(name: "clicks", first: [point(object)], then: iterate(prompts: 4))],
)"#;

/// Plays in a process of its own, whose device is lost after so many slices; returns what it printed.
fn play_and_lose(folder: &Path, after: usize) -> String {
    let scenario = folder.join("scenario.ron");
    fs::write(&scenario, SCENARIO).expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_play-disc"))
        .arg(&scenario)
        .arg(folder)
        .env("LOSE_AFTER", after.to_string())
        .output()
        .expect("it starts");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{words}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_device_lost_in_the_middle_of_a_run_costs_the_batch_in_play() {
    if tests::graphics().is_none() {
        return;
    }
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let [whole, cut] = folders.each_ref().map(tempfile::TempDir::path);
    let words = play_and_lose(whole, usize::MAX);
    assert!(words.starts_with("10 cases"), "{words}");

    let words = play_and_lose(cut, 5);
    assert!(words.starts_with("the device was lost: "), "{words}");
    let rows = |folder: &Path| fs::read_to_string(folder.join("lost/rows.csv")).expect("written");
    let kept = rows(cut);
    assert!(rows(whole).starts_with(&kept), "what is kept is the run's");
    assert!(kept.lines().count() > 1, "a batch was finished before");
    let manifest = fs::read_to_string(cut.join("lost/manifest.json")).expect("written");
    assert!(manifest.contains("\"interrupted\""), "{manifest}");
    let failures = fs::read_to_string(cut.join("lost/failures.csv")).expect("written");
    assert_eq!(
        failures.lines().count(),
        1,
        "no case is to blame: {failures}"
    );

    // With the device back, in another process, the run goes on to the same bytes.
    let words = play_and_lose(cut, usize::MAX);
    assert!(words.starts_with("10 cases"), "{words}");
    assert!(files(&cut.join("lost")) == files(&whole.join("lost")));
}

#[test]
fn a_shader_that_is_refused_ends_the_run_before_a_case_is_lost() {
    let Some(device) = tests::graphics() else {
        return;
    };
    let play = |device, folder: &Path| -> Report {
        let disc: Vec<Box<dyn Model>> = vec![Box::new(Disc)];
        play_on(device, SCENARIO, disc, folder)
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spoiled = play(device.with_spoiled_shader(), folder.path());
    let Some(failure @ KernelError::Shader { .. }) = &spoiled.outcome.failure else {
        panic!("{:?}", spoiled.outcome.failure);
    };
    let words = failure.to_string();
    assert!(
        words.starts_with("the device refused a kernel: "),
        "{words}"
    );
    assert!(words.contains("nothing_of_that_name"), "{words}");
    assert_eq!(spoiled.outcome.counts.cases, 0);
    assert_eq!(read(&spoiled, "failures.csv").lines().count(), 1);
    // Mended, the same folder's run goes on.
    let mended = play(device, folder.path());
    assert_eq!(mended.outcome.failure, None);
    assert_eq!(mended.outcome.counts.cases, 10);
}
