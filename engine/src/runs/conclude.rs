//! What a run ends with. See [`conclude`].

use super::{Digest, Manifest, RunError, RunFolder, draw_typical, write_noc, write_summary};
use crate::{datasets::Dataset, simulation::Outcome};

/// Makes summary and overlays from the rows, and notes in the manifest how the run ended. Without
/// its `datasets` there are no overlays.
pub(super) fn conclude(
    folder: &RunFolder,
    mut manifest: Manifest,
    outcome: &Outcome,
    datasets: Option<&[Box<dyn Dataset>]>,
) -> Result<Digest, RunError> {
    let digest = Digest::read(&folder.rows(), &manifest)?;
    write_summary(&folder.summary(), &digest.summary)?;
    write_noc(&folder.noc(), &digest.noc)?;
    if let Some(datasets) = datasets {
        for undrawn in draw_typical(folder, &digest.typical, datasets)? {
            tracing::warn!("no overlay {}: {}", undrawn.file_name, undrawn.reason);
        }
    }
    end(folder, &mut manifest, outcome)?;
    Ok(digest)
}

/// Notes in the manifest how the run ended.
pub(super) fn end(
    folder: &RunFolder,
    manifest: &mut Manifest,
    outcome: &Outcome,
) -> Result<(), RunError> {
    manifest.counts = outcome.counts;
    manifest.state = outcome.state;
    manifest.ended = Some(Manifest::now());
    manifest.write(&folder.manifest())
}
