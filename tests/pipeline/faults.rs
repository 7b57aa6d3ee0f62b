//! A model that fails on some slices costs only its own trials there.

use engine::models::{Candidates, Embedding, Model, ModelError, Prediction, Query};
use ndarray::ArrayView3;

use super::{disc::Disc, play_models, read};

/// The disc model, but for slices of some heights.
struct Faulty {
    /// Height of the slices it cannot encode.
    encode: usize,
    /// Height of the slices for which it cannot decode the second prompt.
    decode: usize,
}

impl Faulty {
    fn error(&self) -> ModelError {
        ModelError::Unsupported {
            model: self.name().to_owned(),
        }
    }
}

impl Model for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn candidates(&self) -> Candidates {
        Disc.candidates()
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        if pixels.dim().0 == self.encode {
            return Err(self.error());
        }
        Disc.encode(pixels)
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        let shape = embedding.0.downcast_ref::<(usize, usize)>();
        let is_second = queries.iter().any(|query| query.call.clicks.len() == 2);
        if is_second && shape.is_some_and(|shape| shape.0 == self.decode) {
            return Err(self.error());
        }
        Disc.decode(embedding, queries)
    }
}

const SCENARIO: &str = r#"(
    name: "faults",
    seed: 5,
    datasets: [
        phantoms(name: "chest", modality: chest_xray, cases: 2, size: 64),
        phantoms(name: "brain", modality: brain_mri, cases: 2, size: 80),
        phantoms(name: "breast", modality: breast_ultrasound, cases: 2, size: 96),
    ],
    models: ["mobile_sam", "sam_vit_b"],
    strategies: [(name: "clicks", first: [point(object)], then: iterate(prompts: 3))],
)"#;

#[test]
fn a_model_that_fails_on_a_slice_costs_only_its_own_trials_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let faulty = Faulty {
        encode: 64,
        decode: 80,
    };
    let models: Vec<Box<dyn Model>> = vec![Box::new(faulty), Box::new(Disc)];
    let report = play_models(SCENARIO, models, folder.path(), usize::MAX);

    let rows = read(&report, "rows.csv");
    let rows_of = |dataset: &str, model: &str| {
        let mine = |row: &&str| {
            row.starts_with(&format!("{dataset},")) && row.contains(&format!(",{model},"))
        };
        rows.lines().filter(mine).count()
    };
    for dataset in ["chest", "brain", "breast"] {
        assert!(rows_of(dataset, "disc") >= 2 * 3, "{dataset}");
    }
    assert_eq!(rows_of("chest", "faulty"), 0, "it never got an embedding");
    assert_eq!(rows_of("brain", "faulty"), 0, "whole trials only");
    assert_eq!(rows_of("breast", "faulty"), rows_of("breast", "disc"));

    let failures = read(&report, "failures.csv");
    let lines: Vec<_> = failures.lines().skip(1).collect();
    assert_eq!(lines.len(), 4, "one per slice it failed on:\n{failures}");
    assert!(
        lines.iter().all(|line| line.contains(",0,faulty,")),
        "{failures}"
    );
    assert_eq!(report.outcome.counts.failed, 4);
}
