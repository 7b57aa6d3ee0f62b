//! Plays a scenario with the disc model, in a process of its own: `play-disc SCENARIO OUT [SHARD]`.
//!
//! Prints the cases, and the peak of its memory in kB, where the system tells. With `HANG_AT=64` the
//! model never answers on slices 64 pixels high, and a case has a second.

mod disc;

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use engine::{
    diagnostics::{Watch, peak_memory},
    limits::{HANGING, Limits, leave},
    models::{Candidates, Embedding, Model, ModelError, Prediction, Query},
    runs::{LoadedModel, Order, execute, recordings},
    scenario::ScenarioFile,
};
use kernels::Device;
use ndarray::ArrayView3;

/// The disc model, but for slices of that height, which it never encodes.
struct Hanging {
    height: usize,
}

impl Model for Hanging {
    fn name(&self) -> &'static str {
        disc::Disc.name()
    }

    fn candidates(&self) -> Candidates {
        disc::Disc.candidates()
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        while pixels.dim().0 == self.height {
            thread::park();
        }
        disc::Disc.encode(pixels)
    }

    fn decode(
        &self,
        embedding: &Embedding,
        queries: &[Query<'_>],
    ) -> Result<Vec<Prediction>, ModelError> {
        disc::Disc.decode(embedding, queries)
    }
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match play(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody can be told that nobody can be told.
            _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

fn play(arguments: &[String]) -> Result<(), Failure> {
    let [scenario, out, shard @ ..] = arguments else {
        return Err("usage: play-disc SCENARIO OUT [SHARD]".into());
    };
    let file = ScenarioFile::read(Path::new(scenario))?;
    let datasets = file.scenario.datasets.iter();
    let datasets: Result<_, _> = datasets.map(|spec| spec.open(file.folder())).collect();
    let hang_at = env::var("HANG_AT").ok().map(|text| text.parse());
    let (model, case_timeout): (Box<dyn Model>, _) = match hang_at.transpose()? {
        None => (Box::new(disc::Disc), None),
        Some(height) => (Box::new(Hanging { height }), Some(Duration::from_secs(1))),
    };
    let order = Order {
        file: &file,
        datasets: datasets?,
        models: vec![LoadedModel {
            model,
            located: None,
        }],
        recordings: recordings(&file)?,
        device: Device::cpu(),
        out: Path::new(out),
        shard: shard.first().map(|text| text.parse()).transpose()?,
        fresh: false,
        limits: Limits {
            case_timeout,
            ..Limits::default()
        },
        watch: Watch::Stages,
        stop: Arc::default(),
        on_hang: Arc::new(|_| leave(HANGING)),
    };
    let report = execute(order, |_, _| {})?;
    let memory = peak_memory().map_or(0, |bytes| bytes / 1024);
    let cases = report.outcome.counts.cases;
    writeln!(io::stdout(), "{cases} cases, {memory} kB")?;
    Ok(())
}
