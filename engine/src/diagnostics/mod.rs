//! Where time and memory go. See [`Timings`], [`Profile`], [`Trace`] and [`peak_memory`].

mod meter;
mod profile;
mod trace;

pub(crate) use meter::Meter;
pub use meter::{Measured, Watch};
pub use profile::{Grain, Profile, ProfileEntry};
pub use trace::Trace;

use std::{
    fs,
    time::{Duration, Instant},
};

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
    /// Each piece of work since [`Timings::take_spans`], where someone wants to know.
    spans: Option<Vec<Span>>,
}

/// One piece of work of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The stage.
    pub stage: Stage,
    /// When it began.
    pub start: Instant,
    /// How long it took.
    pub elapsed: Duration,
}

impl Timings {
    /// Starts with nothing done, and remembers each piece of work.
    pub fn with_spans() -> Self {
        Self {
            spans: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Returns the pieces of work since the last time, if they are remembered.
    pub fn take_spans(&mut self) -> Vec<Span> {
        self.spans.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Adds one piece of work of `stage`, which ends now.
    pub fn add(&mut self, stage: Stage, elapsed: Duration) {
        if let Some(spans) = &mut self.spans {
            let now = Instant::now();
            spans.push(Span {
                stage,
                start: now.checked_sub(elapsed).unwrap_or(now),
                elapsed,
            });
        }
        let time = &mut self.stages[stage as usize];
        time.count += 1;
        time.total += elapsed;
    }

    /// Returns the time of `stage` so far.
    pub fn of(&self, stage: Stage) -> StageTime {
        self.stages[stage as usize]
    }
}

/// Returns the most memory that this process has held at once, in bytes; `None` where the system
/// does not say (it does on Linux).
pub fn peak_memory() -> Option<u64> {
    status("VmHWM:")
}

/// Returns the memory that this process holds now, in bytes; `None` where the system does not say.
pub fn memory() -> Option<u64> {
    status("VmRSS:")
}

/// Returns a size that Linux tells about this process, in bytes.
fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn peak_memory_knows_what_was_held() {
        let before = peak_memory().expect("Linux says");
        let held = vec![1_u8; 1 << 26];
        let after = peak_memory().expect("Linux says");
        assert!(after >= before && after > held.len() as u64);
    }
}
