//! Plays a study from its first case to its last. See [`simulate`].

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bevy_app::App;

use crate::{
    diagnostics::Timings,
    pipeline::PipelinePlugin,
    runs::{Counts, Results, RunError, State},
    stages::{load::Intake, report::Ledger},
    study::Study,
};

/// How many threads read ahead of the models; reading is light beside encoding.
const READERS: usize = 2;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done.
    pub counts: Counts,
    /// Whether every case was played.
    pub state: State,
    /// Where the time went.
    pub timings: Timings,
}

/// Plays every case of `study` into `results`, batch by batch. `progress` is called after each;
/// when `stop` becomes true the batch in play is finished, and no further one begins.
///
/// # Errors
/// When a file of the run folder cannot be written. What was written before stays valid.
pub fn simulate(
    study: Study,
    results: Results,
    stop: &Arc<AtomicBool>,
    mut progress: impl FnMut(&Counts),
) -> Result<Outcome, RunError> {
    let mut app = App::empty();
    app.insert_resource(Intake::start(&study.datasets, READERS))
        .insert_resource(study)
        .insert_resource(Timings::default())
        .insert_resource(Ledger::new(results))
        .add_plugins(PipelinePlugin);
    while !app.world().resource::<Intake>().is_done() && !stop.load(Ordering::Relaxed) {
        app.update();
        let mut ledger = app.world_mut().resource_mut::<Ledger>();
        if let Some(error) = ledger.error.take() {
            return Err(error);
        }
        progress(&ledger.counts);
    }
    let world = app.world_mut();
    let state = if world.resource::<Intake>().is_done() {
        State::Finished
    } else {
        State::Interrupted
    };
    let timings = world.remove_resource::<Timings>().unwrap_or_default();
    let Some(ledger) = world.remove_resource::<Ledger>() else {
        unreachable!("it was inserted above and no system removes it");
    };
    ledger.results.finish()?;
    Ok(Outcome {
        counts: ledger.counts,
        state,
        timings,
    })
}
