//! `engine report`: figures and a page from run folders.

use std::path::PathBuf;

use clap::Args;
use miette::IntoDiagnostic as _;

use super::{Outcome, output};
use crate::{
    report::{Change, Collection, changes, write},
    runs::RunFolder,
};

/// Make figures and a page from one or several runs
///
/// Everything is made from the rows: no model, no data and no network is needed. Several runs stand
/// beside each other in the same figures; the last is compared with the first, trial by trial.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine report runs/multi_region
  engine report runs/mobile_sam runs/vit_b --out runs/both
  engine report runs/released runs/today --out runs/check --fail-below -0.005")]
pub(super) struct Arguments {
    /// A run folder
    #[arg(value_name = "RUN")]
    first: PathBuf,

    /// More run folders
    #[arg(value_name = "RUN", id = "second")]
    others: Vec<PathBuf>,

    /// Where report.html and figures/ are written [default: the first run's folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Exit with 1 if the last run's mean IoU less the first's is below this on any object
    #[arg(
        long,
        value_name = "DIFFERENCE",
        allow_negative_numbers = true,
        requires = "second"
    )]
    fail_below: Option<f64>,
}

pub(super) fn run(arguments: &Arguments) -> miette::Result<Outcome> {
    let mut folders = vec![arguments.first.clone()];
    folders.extend(arguments.others.iter().cloned());
    let collection = Collection::read(&folders).into_diagnostic()?;
    let folder = arguments.out.as_ref().unwrap_or(&arguments.first);
    std::fs::create_dir_all(folder).into_diagnostic()?;
    let written = write(&collection, &RunFolder::open(folder)).into_diagnostic()?;
    tracing::info!("look at {}", written.page.display());
    let changes = changes(&collection);
    output::print(&changes.iter().map(line).collect::<String>())?;
    if changes.is_empty() && !arguments.others.is_empty() {
        tracing::warn!("the first and the last run have no model, strategy and object in common");
    }
    let Some(limit) = arguments.fail_below else {
        return Ok(Outcome::Complete);
    };
    let worse = changes
        .iter()
        .filter(|change| change.pair.difference < limit);
    let worse = worse.count();
    if worse > 0 || changes.is_empty() {
        tracing::warn!("{worse} of {} comparisons are below {limit}", changes.len());
        return Ok(Outcome::Partial);
    }
    Ok(Outcome::Complete)
}

/// Returns what is printed of a comparison: tab-separated, for people and for programs.
fn line(change: &Change) -> String {
    let Change {
        object,
        model,
        strategy,
        unpaired,
        pair,
    } = change;
    let interval = pair.interval.map_or(String::new(), |interval| {
        format!("{:+.4} to {:+.4}", interval.low, interval.high)
    });
    let p = pair.test.map_or(1.0, |test| test.p);
    format!(
        "{object}\t{model}\t{strategy}\t{:+.4}\t{interval}\tp {p:.3}\t{} trials\t{unpaired} unpaired\n",
        pair.difference, pair.trials
    )
}
