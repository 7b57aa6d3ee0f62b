//! `engine masks`: predicted masks as files that other programs open.

use std::path::PathBuf;

use clap::Args;
use miette::IntoDiagnostic as _;

use super::Outcome;
use crate::runs::{Manifest, Prompts, RunFolder, export_masks, open_datasets};

/// Write a run's predicted masks as NIfTI, PNG and COCO
///
/// No model is needed, but the data are. A mask of a volume lies on its source's grid, so that it opens
/// over it in 3D Slicer or ITK-SNAP; slices that were not played are 0. A mask of a picture is a PNG,
/// 255 inside. annotations.json, one for each model and strategy, has the same masks slice by slice in
/// COCO's compressed run lengths.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  engine masks runs/my_study
  engine masks runs/my_study --all-prompts --out /data/masks

Exit codes: 0 done, 1 done, but the masks of some cases could not be written, 2 could not run.")]
pub(super) struct Arguments {
    /// The run folder
    run: PathBuf,

    /// Where the files are written [default: masks/ in the run folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write the masks after each prompt, not only after the last
    #[arg(long)]
    all_prompts: bool,
}

pub(super) fn run(arguments: &Arguments) -> miette::Result<Outcome> {
    let folder = RunFolder::open(&arguments.run);
    let manifest = Manifest::read(&folder.manifest()).into_diagnostic()?;
    let datasets = open_datasets(&manifest).into_diagnostic()?;
    let default = arguments.run.join("masks");
    let out = arguments.out.as_ref().unwrap_or(&default);
    let prompts = if arguments.all_prompts {
        Prompts::All
    } else {
        Prompts::Last
    };
    let exported = export_masks(&folder, &manifest, &datasets, out, prompts).into_diagnostic()?;
    tracing::info!("{} files of masks in {}", exported.files, out.display());
    for failed in &exported.failed {
        tracing::warn!("no masks of {failed}");
    }
    if exported.failed.is_empty() {
        Ok(Outcome::Complete)
    } else {
        Ok(Outcome::Partial)
    }
}
