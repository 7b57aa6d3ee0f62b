//! What becomes of a run whose device fails, and of one on another device.

use std::sync::atomic::{AtomicUsize, Ordering};

use engine::models::{Candidates, Embedding, Model, ModelError, Prediction, Query};
use kernels::{Device, KernelError};
use ndarray::ArrayView3;

use super::{disc::Disc, play_on, read};

/// The disc model, on a device that fails at a call of [`Model::encode`] or [`Model::decode`].
struct Failing {
    /// Calls until it fails, and from then on.
    after: usize,
    calls: AtomicUsize,
    error: KernelError,
}

impl Failing {
    fn call(&self) -> Result<(), ModelError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) >= self.after {
            return Err(self.error.clone().into());
        }
        Ok(())
    }
}

impl Model for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    fn candidates(&self) -> Candidates {
        Disc.candidates()
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        self.call()?;
        Disc.encode(pixels)
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        self.call()?;
        Disc.decode(embedding, queries)
    }
}

/// Ten slices, three batches; clicks by each metric, by regions and in the error, boxes.
const SCENARIO: &str = r#"(
    name: "devices",
    seed: 5,
    datasets: [phantoms(name: "brain", modality: brain_mri, cases: 10, size: 72)],
    models: ["mobile_sam"],
    strategies: [
        (name: "clicks", first: [point(object)], then: iterate(prompts: 4)),
        (name: "regions", first: [point(each_region(3)), box(object)]),
        (
            name: "chamfer3",
            first: [point(largest_region)],
            then: iterate(prompts: 3),
            protocol: (distance: chamfer3),
        ),
        (
            name: "ritm",
            first: [point(object)],
            then: iterate(prompts: 5),
            protocol: (preset: ritm_protocol),
        ),
    ],
)"#;

#[test]
fn a_device_that_fails_ends_the_run_and_costs_the_batch_in_play() {
    let disc = || -> Box<dyn Model> { Box::new(Disc) };
    let whole = tempfile::tempdir().expect("a temporary folder");
    let whole = play_on(Device::cpu(), SCENARIO, vec![disc()], whole.path());
    assert_eq!(whole.outcome.failure, None);
    let whole_rows = read(&whole, "rows.csv").replace(",disc,", ",failing,");

    let mut reached = Vec::new();
    for after in [0, 1, 30, 31] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = KernelError::Device {
            reason: "unplugged".to_owned(),
        };
        let failing = Failing {
            after,
            calls: AtomicUsize::new(0),
            error: error.clone(),
        };
        let report = play_on(
            Device::cpu(),
            SCENARIO,
            vec![Box::new(failing)],
            folder.path(),
        );
        assert_eq!(report.outcome.failure, Some(error));
        assert!(read(&report, "manifest.json").contains("\"interrupted\""));
        assert_eq!(read(&report, "failures.csv").lines().count(), 1);
        let rows = read(&report, "rows.csv");
        assert!(whole_rows.starts_with(&rows), "after {after} calls");
        reached.push(report.outcome.counts.cases);
    }
    assert_eq!(reached[..2], [0, 0]);
    assert!((1..10).contains(&reached[2]), "{reached:?}");
}

#[test]
fn clicks_do_not_depend_on_the_device() {
    let Some(device) = tests::graphics() else {
        return;
    };
    let [on_cpu, on_device] = [Device::cpu(), device].map(|device| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let report = play_on(device, SCENARIO, vec![Box::new(Disc)], folder.path());
        ["rows.csv", "predictions.jsonl"].map(|name| read(&report, name))
    });
    assert_eq!(on_cpu, on_device);
    assert!(on_cpu[0].lines().count() > 10 * 13);
}
