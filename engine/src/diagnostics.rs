//! Where the time goes. See [`Timings`].

use std::time::Duration;

use bevy_ecs::prelude::*;

use crate::pipeline::Stage;

/// How long a stage took, and how often it ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTime {
    /// How many pieces of work: slices encoded, groups of prompts decoded, and so on.
    pub count: u64,
    /// Wall time of all of them.
    pub total: Duration,
}

/// Wall time per stage since the run began.
#[derive(Resource, Clone, Debug, Default)]
pub struct Timings {
    stages: [StageTime; 7],
}

impl Timings {
    /// Adds one piece of work of `stage`.
    pub fn add(&mut self, stage: Stage, elapsed: Duration) {
        let time = &mut self.stages[stage as usize];
        time.count += 1;
        time.total += elapsed;
    }

    /// Returns the time of `stage` so far.
    pub fn of(&self, stage: Stage) -> StageTime {
        self.stages[stage as usize]
    }
}
