//! Plays a scenario with the disc model, in a process of its own: `play-disc SCENARIO OUT [SHARD]`.
//!
//! Prints how the device failed, if it did, the cases, and the peaks of its memory in kB, where the
//! system tells, and of its heap. With `HANG_AT=64` the model never answers on slices 64 pixels high, and a case has a
//! second. With `LOSE_AFTER=5` it plays on the graphics device, which is lost after five slices.

mod disc;

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
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
use kernels::{Device, Tensor};
use ndarray::ArrayView3;
use peak_alloc::PeakAlloc;

/// Counts what is held: the system's figure has the program's own pages in it.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The disc model, with what is to go wrong.
struct Faulty {
    /// The height of slices that are never encoded.
    hang_at: Option<usize>,
    /// After how many slices the device is lost.
    lose_after: Option<usize>,
    device: Device,
    slices: AtomicUsize,
}

impl Model for Faulty {
    fn name(&self) -> &'static str {
        disc::Disc.name()
    }

    fn candidates(&self) -> Candidates {
        disc::Disc.candidates()
    }

    fn encode(&self, pixels: ArrayView3<'_, u8>) -> Result<Embedding, ModelError> {
        while Some(pixels.dim().0) == self.hang_at {
            thread::park();
        }
        if Some(self.slices.fetch_add(1, Ordering::Relaxed)) == self.lose_after {
            self.device.lose();
        }
        // Through the device and back, as a real model's pixels go.
        let values: Vec<f32> = pixels.iter().map(|&pixel| f32::from(pixel)).collect();
        let on_device = Tensor::from_vec(&self.device, &[values.len()], values)?;
        on_device.to_vec()?;
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
    let (hang_at, lose_after) = (number("HANG_AT")?, number("LOSE_AFTER")?);
    let device = match lose_after {
        None => Device::cpu(),
        Some(_) => tests::graphics().ok_or("no graphics device")?,
    };
    let model = Faulty {
        hang_at,
        lose_after,
        device: device.clone(),
        slices: AtomicUsize::new(0),
    };
    let order = Order {
        file: &file,
        datasets: datasets?,
        models: vec![LoadedModel {
            model: Box::new(model),
            located: None,
        }],
        recordings: recordings(&file)?,
        device,
        out: Path::new(out),
        shard: shard.first().map(|text| text.parse()).transpose()?,
        fresh: false,
        limits: Limits {
            case_timeout: hang_at.map(|_| Duration::from_secs(1)),
            ..Limits::default()
        },
        watch: Watch::Stages,
        stop: Arc::default(),
        on_hang: Arc::new(|_| leave(HANGING)),
    };
    let report = execute(order, |_, _| {})?;
    if let Some(failure) = report.outcome.failure {
        writeln!(io::stdout(), "{failure}")?;
    }
    let memory = peak_memory().map_or(0, |bytes| bytes / 1024);
    let cases = report.outcome.counts.cases;
    let heap = HEAP.peak_usage() / 1024;
    writeln!(
        io::stdout(),
        "{cases} cases, {memory} kB, {heap} kB on the heap"
    )?;
    Ok(())
}

/// Reads a number from the environment, if it is there.
fn number<T: FromStr>(name: &str) -> Result<Option<T>, T::Err> {
    env::var(name).ok().map(|text| text.parse()).transpose()
}
