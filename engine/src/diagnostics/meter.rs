//! Watching a run closely. See [`Meter`].

use kernels::{
    Device, KernelError,
    peak::{self, Peak},
    timer::Recording,
};

use super::{Profile, Timings, Trace};

/// How closely a run is watched; watching slows it down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// Only the stages are timed.
    #[default]
    Stages,
    /// Every operation is timed.
    Operations,
    /// Every piece of work is kept, with when it was done.
    Everything,
}

/// What was measured of a run.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What its device was measured to be able to do.
    pub peak: Peak,
    /// Every operation, counted and timed.
    pub profile: Profile,
    /// Every piece of work, if all were kept.
    pub trace: Option<Trace>,
}

/// Collects measurements while a run goes on.
pub(crate) struct Meter {
    recording: Recording,
    measured: Measured,
}

impl Meter {
    /// Measures the device's roofs, and begins; [`Watch::Stages`] needs no meter.
    pub(crate) fn start(device: &Device, watch: Watch) -> Result<Option<Self>, KernelError> {
        if watch == Watch::Stages {
            return Ok(None);
        }
        let peak = peak::measure(device)?;
        let recording = Recording::start(device);
        let trace = (watch == Watch::Everything).then(|| Trace::new(recording.epoch()));
        Ok(Some(Self {
            recording,
            measured: Measured {
                peak,
                profile: Profile::default(),
                trace,
            },
        }))
    }

    /// Waits for the device, and takes what was done since the last time.
    pub(crate) fn take(&mut self, timings: &mut Timings) -> Result<(), KernelError> {
        let calls = self.recording.take()?;
        self.measured.profile.add(&calls);
        if let Some(trace) = &mut self.measured.trace {
            trace.add_stages(&timings.take_spans());
            trace.add_calls(&calls);
        }
        Ok(())
    }

    /// Ends.
    pub(crate) fn finish(self) -> Measured {
        self.measured
    }
}
