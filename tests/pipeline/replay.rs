//! The prompts of one run, given to a model once more.

use std::{fs, path::Path};

use engine::{
    models::{Candidates, Embedding, Model, ModelError, Prediction, Query},
    runs::{Report, Row, read_rows},
    scenario::ScenarioFile,
};
use ndarray::ArrayView3;

use super::{disc::Disc, play, play_models, read};

const SCENARIO: &str = r#"(
    name: "first",
    seed: 5,
    datasets: [
        phantoms(name: "chest", modality: chest_xray, cases: 2, size: 80),
        phantoms(name: "brain", modality: brain_mri, cases: 2, size: 72),
    ],
    models: ["mobile_sam"],
    repeats: 2,
    strategies: [
        (name: "clicks", first: [point(object)], then: iterate(prompts: 4)),
        (name: "boxes", first: [box(each_region(2))], then: iterate(prompts: 2)),
        (
            name: "newest",
            first: [point(object)],
            then: iterate(prompts: 3),
            protocol: (points: last, stop: at_iou(0.4)),
        ),
    ],
)"#;

/// A scenario that replays the strategies of a run.
fn replaying(prompts: &Path) -> String {
    let start = SCENARIO
        .find("(name: \"clicks\"")
        .expect("it has strategies");
    let file = prompts.display();
    format!(
        "{}(name: \"clicks\", replay: (file: \"{file}\")),
        (name: \"boxes\", replay: (file: \"{file}\", strategy: \"boxes\")),
        (name: \"newest\", replay: (file: \"{file}\"), protocol: (points: last, stop: at_iou(0.4))),
    ],
)",
        &SCENARIO[..start]
    )
}

/// A model that answers worse: as the disc model does, but with nothing after the first click.
struct Stubborn;

impl Model for Stubborn {
    fn name(&self) -> &'static str {
        "stubborn"
    }

    fn candidates(&self) -> Candidates {
        Disc.candidates()
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        Disc.encode(pixels)
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        let mut predictions = Disc.decode(embedding, queries)?;
        for (prediction, query) in predictions.iter_mut().zip(queries) {
            if query.call.clicks.len() > 1 {
                for mask in &mut prediction.masks {
                    mask.bitmap.fill(false);
                }
            }
        }
        Ok(predictions)
    }
}

fn rows(report: &Report) -> Vec<Row> {
    let rows = read_rows(&report.folder.join("rows.csv")).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

#[test]
fn the_same_model_gives_the_same_rows() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let first = play(SCENARIO, one.path(), usize::MAX);
    let text = replaying(&first.folder.join("prompts.json"));
    let again = play(&text, other.path(), usize::MAX);
    assert!(rows(&first).len() > 100);
    assert_eq!(read(&again, "rows.csv"), read(&first, "rows.csv"));
    assert_eq!(
        read(&again, "predictions.jsonl"),
        read(&first, "predictions.jsonl")
    );
    assert_eq!(read(&again, "prompts.json"), read(&first, "prompts.json"));
    assert_eq!(read(&again, "failures.csv").lines().count(), 1);
}

#[test]
fn another_model_gets_the_very_same_prompts() {
    let [one, other, free] = [(); 3].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let first = play(SCENARIO, one.path(), usize::MAX);
    let text = replaying(&first.folder.join("prompts.json"));
    let again = play_models(&text, vec![Box::new(Stubborn)], other.path(), usize::MAX);
    let prompts =
        |report: &Report| read(report, "prompts.json").replace("\"stubborn\"", "\"disc\"");
    assert_eq!(prompts(&again), prompts(&first));
    let freely = play_models(SCENARIO, vec![Box::new(Stubborn)], free.path(), usize::MAX);
    assert_ne!(prompts(&freely), prompts(&first), "it would provoke others");
    let (first, again) = (rows(&first), rows(&again));
    assert_eq!(first.len(), again.len());
    let is_worse = |(one, other): (&Row, &Row)| other.iou < one.iou;
    assert!(first.iter().zip(&again).any(is_worse));
}

#[test]
fn what_was_not_recorded_is_told_and_the_others_go_on() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let first = play(SCENARIO, one.path(), usize::MAX);
    let more = replaying(&first.folder.join("prompts.json"))
        .replace("cases: 2, size: 80", "cases: 3, size: 80");
    let again = play(&more, other.path(), usize::MAX);
    assert_eq!(rows(&again), rows(&first));
    let failures = read(&again, "failures.csv");
    assert_eq!(
        failures.lines().count(),
        7,
        "header, three strategies, two repeats"
    );
    assert!(
        failures.contains("no prompts are recorded for slice 0"),
        "{failures}"
    );
    assert_eq!(again.outcome.counts.failed, 1);
}

#[test]
fn recordings_that_cannot_be_used_are_underlined() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("prompts.json");
    let parse = |text: String| ScenarioFile::parse(text, &folder.path().join("study.ron"));
    let told = |file: &ScenarioFile| {
        let error = engine::runs::recordings(file).expect_err("it cannot be used");
        format!("{:?}", miette::Report::new(error))
    };
    let file = parse(replaying(&path)).expect("it is well written");
    assert!(told(&file).contains("cannot read"));
    fs::write(&path, "{\"trials\": [{}]}").expect("writable");
    assert!(told(&file).contains("line 1"));
    let start = "(name: \"clicks\", ";
    for (wrong, reason) in [
        (
            "(name: \"clicks\"), (name: \"b\", ",
            "says nothing of its first prompt",
        ),
        (
            "(name: \"clicks\", first: [point(object)], replay: (file: \"a\")), (name: \"b\", ",
            "both places prompts and replays",
        ),
    ] {
        let error = parse(replaying(&path).replace(start, wrong)).expect_err("it is wrong");
        let told = format!("{:?}", miette::Report::new(error));
        assert!(told.contains(reason), "{told}");
    }
}
