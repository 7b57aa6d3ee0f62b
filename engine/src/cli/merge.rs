//! `engine merge`: the shards of a run become one.

use std::path::PathBuf;

use clap::Args;
use miette::IntoDiagnostic as _;

use super::{Outcome, run};
use crate::runs::merge as merge_shards;

/// Put the shards of a run together
///
/// All shards must be there, finished, and of the same scenario, program and weights. The files are
/// the same, byte for byte, as those of a run without shards, and so are the tables printed and the
/// page. The shards stay as they are.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine run study.ron --shard 1/2
  engine run study.ron --shard 2/2     perhaps on another machine
  engine merge runs/study

Exit codes: 0 done, 1 done, but some cases failed, 2 could not merge.")]
pub(super) struct Arguments {
    /// The run folder
    run: PathBuf,
}

pub(super) fn merge(arguments: &Arguments) -> miette::Result<Outcome> {
    let report = merge_shards(&arguments.run).into_diagnostic()?;
    run::tabulate(&report)?;
    Ok(run::conclude(&report))
}
