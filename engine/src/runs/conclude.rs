//! What a run ends with. See [`conclude`].

use super::{
    Digest, Manifest, RunError, RunFolder, draw_typical, parquet::write_parquet,
    recording::write_prompts, write_noc, write_summary,
};
use crate::{datasets::Dataset, pipeline::Stage, simulation::Outcome};

/// Makes summary, overlays and what other programs read from the rows, and notes in the manifest how the run ended. Without
/// its `datasets` there are no overlays.
pub(super) fn conclude(
    folder: &RunFolder,
    mut manifest: Manifest,
    outcome: &Outcome,
    datasets: Option<&[Box<dyn Dataset>]>,
) -> Result<Digest, RunError> {
    let digest = Digest::read(&folder.rows(), &manifest)?;
    write_summary(&folder.summary(), &digest.summary, manifest.measured)?;
    write_noc(&folder.noc(), &digest.noc)?;
    write_parquet(&folder.parquet(), &folder.rows(), manifest.measured)?;
    write_prompts(&folder.prompts(), &folder.rows(), &folder.predictions())?;
    if let Some(datasets) = datasets {
        for undrawn in draw_typical(folder, &digest.typical, datasets)? {
            tracing::warn!("no overlay {}: {}", undrawn.file_name, undrawn.reason);
        }
    }
    end(folder, &mut manifest, outcome)?;
    Ok(digest)
}

/// Notes in the manifest how the run ended, and adds where its time went.
pub(super) fn end(
    folder: &RunFolder,
    manifest: &mut Manifest,
    outcome: &Outcome,
) -> Result<(), RunError> {
    manifest.counts = outcome.counts;
    manifest.state = outcome.state;
    manifest.ended = Some(Manifest::now());
    for stage in Stage::ALL {
        let time = outcome.timings.of(stage);
        manifest.add_time(&format!("{stage:?}"), time.count, time.total.as_secs_f64());
    }
    manifest.write(&folder.manifest())
}
