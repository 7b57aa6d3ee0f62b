//! What a run's memory grows with: not with its cases.

use std::{fs, path::Path, process::Command, thread};

/// Returns the peak of the heap of a process that plays a dataset of as many cases, five times each, in kB.
fn peak(folder: &Path, cases: u32, dataset: &str) -> u64 {
    let scenario = folder.join(format!("{cases}.ron"));
    let text = format!(
        r#"(
            name: "n{cases}",
            seed: 1,
            repeats: 5,
            datasets: [{dataset}],
            models: ["mobile_sam"],
            strategies: [(name: "box", first: [box(object)])],
        )"#
    );
    fs::write(&scenario, text).expect("writable");
    let output = Command::new(env!("CARGO_BIN_EXE_play-disc"))
        .args([&scenario, folder])
        .output()
        .expect("it was built");
    let said = String::from_utf8_lossy(&output.stdout);
    let peak = said
        .trim()
        .strip_suffix(" kB on the heap")
        .filter(|said| said.starts_with(&format!("{cases} cases, ")))
        .and_then(|said| said.rsplit(' ').next());
    let peak = peak.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    peak.parse().expect("a number")
}

/// When every case's name, place in the journal, rows and means were kept, thrice the cases took 3.6 MB more.
#[test]
fn three_times_the_cases_take_no_more() {
    let out = tempfile::tempdir().expect("a temporary folder");
    // Enough for what is kept back, to be sorted or written at once, to be as much as it becomes.
    let folder = out.path();
    let [few, many] = thread::scope(|scope| {
        [800, 2_400]
            .map(|cases| {
                let phantoms = format!(
                    r#"phantoms(name: "chest", modality: chest_xray, cases: {cases}, size: 64)"#
                );
                scope.spawn(move || peak(folder, cases, &phantoms))
            })
            .map(|run| run.join().expect("it plays"))
    });
    assert!(many < few + 1_000, "{few} kB, then {many} kB");
}
