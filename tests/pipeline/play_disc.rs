//! Plays a scenario with the disc model, in a process of its own: `play-disc SCENARIO OUT [SHARD]`.
//!
//! Prints the cases, and the peak of its memory in kB, where the system tells.

mod disc;

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use engine::{
    diagnostics::{Watch, peak_memory},
    limits::Limits,
    runs::{LoadedModel, Order, execute, recordings},
    scenario::ScenarioFile,
};
use kernels::Device;

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
    let order = Order {
        file: &file,
        datasets: datasets?,
        models: vec![LoadedModel {
            model: Box::new(disc::Disc),
            located: None,
        }],
        recordings: recordings(&file)?,
        device: Device::cpu(),
        out: Path::new(out),
        shard: shard.first().map(|text| text.parse()).transpose()?,
        fresh: false,
        limits: Limits::default(),
        watch: Watch::Stages,
        stop: Arc::default(),
    };
    let report = execute(order, |_, _| {})?;
    let memory = peak_memory().map_or(0, |bytes| bytes / 1024);
    let cases = report.outcome.counts.cases;
    writeln!(io::stdout(), "{cases} cases, {memory} kB")?;
    Ok(())
}
