//! How much of the machine a run may take. See [`Limits`].

mod leave;
mod watchdog;

use std::time::{Duration, Instant};

use bevy_ecs::{prelude::*, system::SystemParam};

use self::watchdog::Call;
pub(crate) use self::watchdog::lock;
pub use self::{
    leave::{HANGING, leave},
    watchdog::{CallInProgress, OnHang, Watchdog},
};
use crate::{
    diagnostics::memory,
    entities::{Case, Failed, Fault, Masks, Slice, SliceOf, Slices, Spent},
    runs::{CaseKey, Failure},
    study::Study,
};

/// How many candidate pixels the playing trials hold at once without a limit (one byte each): a
/// bound on memory that lets a few hundred trials of a 512² slice share one decoder batch.
const CANDIDATE_PIXELS: u64 = 1 << 28;

/// As few as they may become: one trial of a slice of 1024 × 1024 pixels.
const FEWEST_CANDIDATE_PIXELS: u64 = 1 << 22;

/// The part of the memory left by models that candidates may take; pixels, truth, embeddings and
/// the decoder's own work share the rest.
const CANDIDATES_SHARE: u64 = 4;

/// What a run may take. By default as much as it needs.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long reading a case may take from slice to slice, and how long models may work on it in
    /// all, before it is given up. A call to a model is not cut off, so that the time counts after
    /// it; one that takes twice as long is taken for one that never ends ([`Watchdog`]).
    pub case_timeout: Option<Duration>,
    /// Bytes of main memory. Fewer trials play at once; a run that exceeds it nevertheless ends
    /// before the system ends it.
    pub max_memory: Option<u64>,
}

/// What a run was given; shared out when the models are in memory.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many pixels the candidates of all playing trials may have together.
    pub candidate_pixels: u64,
}

impl Limits {
    /// Shares out what is left now.
    pub fn budget(&self) -> Budget {
        let share = |max: u64| max.saturating_sub(memory().unwrap_or(0)) / CANDIDATES_SHARE;
        let pixels = self.max_memory.map_or(CANDIDATE_PIXELS, share);
        Budget {
            candidate_pixels: pixels.clamp(FEWEST_CANDIDATE_PIXELS, CANDIDATE_PIXELS),
        }
    }

    /// Returns the memory in use, if it is more than allowed.
    pub fn excess(&self) -> Option<u64> {
        let used = memory()?;
        self.max_memory
            .is_some_and(|max| used > max)
            .then_some(used)
    }
}

/// Notes how long models work on a case.
#[derive(SystemParam)]
pub struct Stopwatch<'w, 's> {
    study: Res<'w, Study>,
    call: Res<'w, CallInProgress>,
    slices: Query<'w, 's, (&'static Slice, &'static SliceOf)>,
    cases: Query<'w, 's, (&'static Case, &'static mut Spent)>,
}

impl Stopwatch<'_, '_> {
    /// Notes that a call to a model begins, on behalf of a slice; returns when.
    pub fn start(&self, model: usize, slice: Entity) -> Result<Instant> {
        let (slice, case) = self.slices.get(slice)?;
        let (case, _) = self.cases.get(case.0)?;
        let fault = Fault {
            slice: Some(slice.index),
            model: Some(model),
            reason: String::new(),
        };
        let start = Instant::now();
        self.call.begin(Call {
            key: CaseKey {
                dataset: case.dataset,
                case: case.id.clone(),
            },
            failure: Failure::new(&self.study, case, fault),
            start,
        });
        Ok(start)
    }

    /// Notes that it is over, and adds its time to the case's; returns how long it took.
    pub fn stop(&mut self, slice: Entity, start: Instant) -> Result<Duration> {
        self.call.end();
        let elapsed = start.elapsed();
        let (_, case) = self.slices.get(slice)?;
        self.cases.get_mut(case.0)?.1.0 += elapsed;
        Ok(elapsed)
    }
}

/// Gives up the cases on which models have worked for too long: what they still play ends, and why
/// is noted.
pub fn expire_cases(
    mut commands: Commands,
    limits: Res<Limits>,
    mut cases: Query<(Entity, &Case, &Spent, &Slices, Option<&mut Failed>)>,
    slices: Query<&Masks>,
) {
    let Some(limit) = limits.case_timeout else {
        return;
    };
    for (entity, case, spent, children, failed) in &mut cases {
        let is_playing = children.iter().any(|slice| slices.contains(slice));
        if spent.0 < limit || !is_playing {
            continue;
        }
        for slice in children.iter() {
            commands.entity(slice).despawn_related::<Masks>();
        }
        let fault = Fault {
            slice: None,
            model: None,
            reason: format!("{}: {}", case.path.display(), expired("playing", limit)),
        };
        match failed {
            // Once is enough for a case whose slices come one after the other.
            Some(failed) if failed.0.contains(&fault) => {}
            Some(mut failed) => failed.0.push(fault),
            None => {
                commands.entity(entity).insert(Failed(vec![fault]));
            }
        }
    }
}

/// Says that something took too long.
pub fn expired(doing: &str, limit: Duration) -> String {
    format!(
        "{doing} it took longer than {} s; allow more with --case-timeout",
        limit.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_memory_lets_fewer_play() {
        let budget = |max_memory| {
            let limits = Limits {
                max_memory,
                ..Limits::default()
            };
            limits.budget().candidate_pixels
        };
        assert_eq!(budget(None), CANDIDATE_PIXELS);
        assert_eq!(budget(Some(1 << 50)), CANDIDATE_PIXELS);
        assert_eq!(budget(Some(1)), FEWEST_CANDIDATE_PIXELS);
        let used = memory().expect("Linux says");
        let some = budget(Some(used + (1 << 28)));
        assert!(
            some < CANDIDATE_PIXELS && some > FEWEST_CANDIDATE_PIXELS,
            "{some}"
        );
    }
}
