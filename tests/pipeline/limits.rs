//! Cases that take too long cost themselves, and memory that runs short ends a run in good order.

use std::{path::Path, thread, time::Duration};

use engine::{
    limits::Limits,
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
            thread::sleep(Duration::from_millis(1500));
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
