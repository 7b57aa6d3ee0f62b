//! Plays a study from its first case to its last. See [`simulate`].

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use bevy_app::App;
use kernels::KernelError;

use crate::{
    agenda::Agenda,
    diagnostics::{Measured, Meter, Timings, Watch},
    limits::{CallInProgress, Limits, OnHang, Watchdog, lock},
    pipeline::PipelinePlugin,
    runs::{CaseKey, Counts, Results, RunError, State},
    stages::{DeviceFailure, load::Intake, report::Ledger},
    study::Study,
};

/// How many threads read ahead of the models; reading is light beside encoding.
const READERS: usize = 2;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done, by earlier runs in the same folder too.
    pub counts: Counts,
    /// Slices of the cases that this run finished.
    pub slices: usize,
    /// Whether every case was played.
    pub state: State,
    /// Where the time went.
    pub timings: Timings,
    /// What was measured beside, if the run was watched.
    pub measured: Option<Measured>,
    /// What went wrong with the device, if that ended the run.
    pub failure: Option<KernelError>,
}

/// Plays the `cases` of `study` that `results` lacks, batch by batch.
/// `progress` is called before the first and after each; when `stop` becomes true, or a limit is
/// exceeded, the batch in play is finished, and no further one begins. If the device fails the run
/// ends with what was written before. `on_hang` is told of a model that does not come back from a
/// case within the time that `limits` give it.
///
/// # Errors
/// When a file of the run folder cannot be written. What was written before stays valid.
pub fn simulate(
    study: Study,
    mut cases: Agenda,
    results: Results,
    limits: Limits,
    watch: Watch,
    stop: &Arc<AtomicBool>,
    on_hang: OnHang,
    mut progress: impl FnMut(&Counts),
) -> Result<Outcome, RunError> {
    let mut app = App::empty();
    remove_finished(&mut cases, &study, &results)?;
    let before = results.counts();
    progress(&before);
    let results = Arc::new(Mutex::new(results));
    let call = CallInProgress::default();
    let watchdog = limits.case_timeout.map(|timeout| {
        let results = Arc::clone(&results);
        Watchdog::start(timeout, call.clone(), results, Arc::clone(stop), on_hang)
    });
    let readers = Intake::start(&study.datasets, cases, READERS, limits.case_timeout);
    app.insert_resource(readers)
        .insert_resource(limits)
        .insert_resource(limits.budget())
        .insert_resource(study)
        .insert_resource(call)
        .insert_resource(match watch {
            Watch::Everything => Timings::with_spans(),
            Watch::Stages | Watch::Operations => Timings::default(),
        })
        .insert_resource(Ledger::new(Arc::clone(&results)))
        .add_plugins(PipelinePlugin);
    let device = app.world().resource::<Study>().device.clone();
    let mut failure = None;
    let mut meter = Meter::start(&device, watch).unwrap_or_else(|error| {
        failure = Some(error);
        None
    });
    while failure.is_none()
        && !app.world().resource::<Intake>().is_done()
        && !stop.load(Ordering::Relaxed)
    {
        app.update();
        let world = app.world_mut();
        failure = world.remove_resource().map(|DeviceFailure(error)| error);
        if let Some(meter) = meter.as_mut().filter(|_| failure.is_none()) {
            failure = meter.take(&mut world.resource_mut::<Timings>()).err();
        }
        let mut ledger = app.world_mut().resource_mut::<Ledger>();
        if let Some(error) = ledger.error.take() {
            return Err(error);
        }
        progress(&lock(&ledger.results).counts());
        if let Some(used) = limits.excess() {
            tracing::warn!(
                "stopping: {} MB of memory are in use, more than --max-memory allows",
                used / 1_000_000
            );
            break;
        }
    }
    let world = app.world_mut();
    let state = if failure.is_none() && world.resource::<Intake>().is_done() {
        State::Finished
    } else {
        State::Interrupted
    };
    let timings = world.remove_resource::<Timings>().unwrap_or_default();
    drop(watchdog);
    world.remove_resource::<Ledger>();
    let Some(results) = Arc::into_inner(results) else {
        unreachable!("the watchdog has ended, and the ledger is gone");
    };
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let counts = results.counts();
    results.finish()?;
    Ok(Outcome {
        counts,
        slices: counts.slices - before.slices,
        state,
        timings,
        measured: meter.map(Meter::finish),
        failure,
    })
}

/// Removes the cases that are finished.
fn remove_finished(cases: &mut Agenda, study: &Study, results: &Results) -> Result<(), RunError> {
    for key in results.finished()? {
        let CaseKey { dataset, case } = key?;
        if let Some(source) = study.datasets.get(dataset) {
            for case in source.find(&case) {
                cases.remove(dataset, case);
            }
        }
    }
    Ok(())
}
