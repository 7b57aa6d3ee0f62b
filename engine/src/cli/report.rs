//! `engine report`: figures and a page from run folders.

use std::path::PathBuf;

use clap::Args;
use miette::IntoDiagnostic as _;

use super::{Outcome, output};
use crate::{
    report::{Collection, write},
    runs::RunFolder,
};

/// Make figures and a page from one or several runs
///
/// Everything is made from the rows: no model, no data and no network is needed. Several runs stand
/// beside each other in the same figures.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine report runs/multi_region
  engine report runs/mobile_sam runs/vit_b --out runs/both")]
pub(super) struct Arguments {
    /// Run folders
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,

    /// Where report.html and figures/ are written [default: the first run's folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> miette::Result<Outcome> {
    let collection = Collection::read(&arguments.runs).into_diagnostic()?;
    let folder = arguments.out.as_ref().unwrap_or(&arguments.runs[0]);
    std::fs::create_dir_all(folder).into_diagnostic()?;
    let written = write(&collection, &RunFolder::open(folder)).into_diagnostic()?;
    output::print(&format!("{}\n", written.page.display()))?;
    Ok(Outcome::Complete)
}
