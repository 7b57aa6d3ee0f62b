//! Cases that take too long cost themselves, and memory that runs short ends a run in good order.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use engine::{
    limits::{HANGING, Limits},
    models::{Candidates, Embedding, Model, ModelError, Prediction, Query},
    runs::{Report, State},
};
use ndarray::ArrayView3;

use super::{
    disc::Disc,
    execute_models, play, read,
    resume::{SCENARIO, files},
};

const ALL: usize = usize::MAX;

/// The disc model, taking its time on slices of 64 pixels.
struct Slow;

impl Model for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn candidates(&self) -> Candidates {
        Disc.candidates()
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        if pixels.dim().0 == 64 {
            thread::sleep(Duration::from_millis(1200));
        }
        Disc.encode(pixels)
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        Disc.decode(embedding, queries)
    }
}

fn limited(text: &str, model: Box<dyn Model>, out: &Path, limits: Limits) -> Report {
    let device = kernels::Device::cpu();
    execute_models(device, text, vec![model], out, ALL, (false, None), limits).expect("writable")
}

fn seconds(seconds: u64) -> Limits {
    Limits {
        case_timeout: Some(Duration::from_secs(seconds)),
        ..Limits::default()
    }
}

#[test]
fn a_case_that_a_model_works_on_for_too_long_is_given_up() {
    let text = r#"(
        name: "study", models: ["mobile_sam"],
        datasets: [
            phantoms(name: "quick", modality: chest_xray, cases: 3, size: 80),
            phantoms(name: "slow", modality: chest_xray, cases: 2, size: 64),
        ],
        strategies: [(name: "clicks", first: [point(object)], then: iterate(prompts: 3))],
    )"#;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = limited(text, Box::new(Slow), folder.path(), seconds(1));
    let counts = report.outcome.counts;
    assert_eq!((counts.cases, counts.failed, counts.trials), (5, 2, 3));
    assert_eq!(report.outcome.state, State::Finished);
    let rows = read(&report, "rows.csv");
    assert_eq!(rows.lines().count(), 1 + 3 * 3);
    assert!(!rows.contains("\nslow,"), "{rows}");
    let failures = read(&report, "failures.csv");
    assert_eq!(failures.matches("longer than 1 s").count(), 2, "{failures}");
    assert!(failures.contains("--case-timeout"), "{failures}");
}

#[test]
fn a_model_that_never_answers_costs_its_case_and_the_process_but_not_the_run() {
    let text = |slow: &str| {
        format!(
            r#"(
                name: "study", models: ["mobile_sam"],
                datasets: [
                    phantoms(name: "quick", modality: chest_xray, cases: 3, size: 80),
                    {slow}
                    phantoms(name: "later", modality: chest_xray, cases: 2, size: 72),
                ],
                strategies: [(name: "clicks", first: [point(object)])],
            )"#
        )
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let play = |name: &str, slow: &str| {
        let scenario = folder.path().join(format!("{name}.ron"));
        fs::write(&scenario, text(slow)).expect("writable");
        let mut command = Command::new(env!("CARGO_BIN_EXE_play-disc"));
        let out = folder.path().join(name);
        command.arg(scenario).arg(&out).env("HANG_AT", "64");
        let start = Instant::now();
        let output = command.output().expect("the program starts");
        let read = |file: &str| fs::read_to_string(out.join("study").join(file));
        let files = ["rows.csv", "failures.csv"].map(|file| read(file).expect("it is there"));
        (output.status.code(), files, start.elapsed())
    };
    let slow = r#"phantoms(name: "slow", modality: chest_xray, cases: 2, size: 64),"#;
    // Each process gives up the case that it hangs on, and the next does not try it again.
    for given_up in 1..=2 {
        let (code, [_, failures], elapsed) = play("hanging", slow);
        assert_eq!(code, Some(HANGING), "{failures}");
        assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
        assert_eq!(failures.matches("has not come back").count(), given_up);
        assert_eq!(failures.matches("\nslow,").count(), given_up, "{failures}");
    }
    let (code, [rows, failures], _) = play("hanging", slow);
    assert_eq!(code, Some(0));
    assert_eq!(failures.matches("has not come back").count(), 2);
    let (code, [expected, _], _) = play("whole", "");
    assert_eq!(code, Some(0));
    assert_eq!(
        rows, expected,
        "the other cases are as if it had not been there"
    );
}

#[test]
fn a_run_that_needs_too_much_memory_stops_and_goes_on_with_more() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let expected = files(&play(SCENARIO, folders[0].path(), ALL).folder);
    let limits = Limits {
        max_memory: Some(1),
        ..Limits::default()
    };
    let report = limited(SCENARIO, Box::new(Disc), folders[1].path(), limits);
    assert_eq!(report.outcome.state, State::Interrupted);
    let cases = report.outcome.counts.cases;
    assert!(cases > 0 && cases < 9, "{cases}");
    assert!(files(&play(SCENARIO, folders[1].path(), ALL).folder) == expected);
}
