//! `engine profile`: where a device's time goes, kernel by kernel.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use miette::{IntoDiagnostic as _, WrapErr as _};

use super::{
    Outcome,
    device::{Choice, failure},
    models, output,
    prepare::{Prepared, prepare, prepare_file},
    run::{self, play_watched},
};
use crate::{
    diagnostics::{Grain, Measured, ProfileEntry, Trace, Watch},
    scenario::ScenarioFile,
};

/// Say where a device's time goes, kernel by kernel
///
/// Plays a scenario, or a model on two phantoms, keeps no result, and prints a table: calls, their
/// shortest, median and total time by the device's own clock, what they achieved, and how near that
/// is to the device's measured roofs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine profile
  engine profile sam_vit_b --device wgpu --problems
  engine profile study.ron --trace trace.json")]
pub(super) struct Arguments {
    /// A scenario file, or a model's name
    #[arg(value_name = "SCENARIO|MODEL", default_value = "mobile_sam")]
    subject: String,

    /// Threads that compute [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// A line per problem (shapes and choices), not per kernel
    #[arg(long)]
    problems: bool,

    /// Write stages and kernels on one time line, in Chrome's trace format
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// Download nothing: a model that is not here is an error
    #[arg(long)]
    offline: bool,

    #[command(flatten)]
    choice: Choice,

    #[command(flatten)]
    folder: models::Folder,
}

pub(super) fn profile(arguments: &Arguments) -> miette::Result<Outcome> {
    let prepared = subject(&arguments.subject)?;
    let folder = tempfile::tempdir().into_diagnostic()?;
    let watch = if arguments.trace.is_some() {
        Watch::Everything
    } else {
        Watch::Operations
    };
    let play = run::Arguments::plain(
        folder.path(),
        arguments.choice,
        arguments.threads,
        arguments.offline,
        arguments.folder.clone(),
    );
    let outcome = play_watched(&play, watch, prepared)?.outcome;
    if let Some(error) = outcome.failure {
        return Err(failure(error, arguments.choice.device));
    }
    if let Some(measured) = &outcome.measured {
        tell(measured, arguments)?;
    }
    Ok(if outcome.counts.failed > 0 {
        Outcome::Partial
    } else {
        Outcome::Complete
    })
}

/// Reads a scenario, or makes one of a model.
fn subject(subject: &str) -> miette::Result<Prepared> {
    let path = Path::new(subject);
    if path.extension().is_some() || path.exists() {
        return Ok(prepare(path)?);
    }
    let text = format!(
        "(
    name: \"profile\",
    datasets: [phantoms(name: \"chest\", modality: chest_xray, cases: 2, size: 512)],
    models: [{subject:?}],
    strategies: [
        (name: \"clicks\", first: [point(object)], then: iterate(prompts: 3)),
        (name: \"box\", first: [box(object)]),
    ],
)"
    );
    let file = ScenarioFile::parse(text, Path::new("profile.ron"))?;
    Ok(prepare_file(file)?)
}

/// Prints the table and writes the time line.
fn tell(measured: &Measured, arguments: &Arguments) -> miette::Result<()> {
    let grain = if arguments.problems {
        Grain::Problems
    } else {
        Grain::Kernels
    };
    let entries = measured.profile.entries(grain, &measured.peak);
    output::print(&output::columns(&table(&entries, grain)))?;
    tracing::info!(
        "{:.1} ms in all; the device's roofs are {:.1} GFLOP/s and {:.1} GB/s",
        measured.profile.total().as_secs_f64() * 1e3,
        measured.peak.flops_per_second / 1e9,
        measured.peak.bytes_per_second / 1e9,
    );
    match (&arguments.trace, &measured.trace) {
        (Some(path), Some(trace)) => write(trace, path),
        _ => Ok(()),
    }
}

fn table(entries: &[ProfileEntry], grain: Grain) -> Vec<Vec<String>> {
    let all: f64 = entries.iter().map(|entry| entry.total_ms).sum();
    let known = |value: Option<f64>| value.map_or("·".to_owned(), |value| format!("{value:.1}"));
    let heading = [
        "operation",
        "problem",
        "kernels",
        "count",
        "min us",
        "median us",
        "total ms",
        "of time %",
        "GFLOP/s",
        "GB/s",
        "of peak %",
    ];
    let rows = entries.iter().map(|entry| {
        vec![
            entry.operation.clone(),
            entry.problem.clone(),
            entry.kernels.clone(),
            entry.count.to_string(),
            format!("{:.1}", entry.min_us),
            format!("{:.1}", entry.median_us),
            format!("{:.1}", entry.total_ms),
            format!("{:.1}", entry.total_ms / all * 100.0),
            known(entry.gflop_per_s),
            known(entry.gb_per_s),
            known(entry.peak_percent),
        ]
    });
    let mut rows: Vec<_> = std::iter::once(heading.map(str::to_owned).to_vec())
        .chain(rows)
        .collect();
    if grain == Grain::Kernels {
        for row in &mut rows {
            row.remove(1);
        }
    }
    rows
}

fn write(trace: &Trace, path: &Path) -> miette::Result<()> {
    let written = File::create(path).and_then(|file| {
        let mut file = BufWriter::new(file);
        trace.write(&mut file)?;
        file.flush()
    });
    written
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot write {}", path.display()))
}
