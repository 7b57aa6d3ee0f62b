//! How long kernels take, by the device's own clock. See [`Watch`].

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use cubecl::{
    config::{TypeNameFormatLevel, type_name_format},
    logging::{LaunchObservation, LaunchObserver, TimingRequest},
    profile::ProfileDuration,
};

use super::{Gpu, error};
use crate::{
    KernelError,
    timer::{self, Launch},
};

/// Keeps what CubeCL reports of each launch, unread: reading would wait for the device.
#[derive(Default)]
struct Observer(Mutex<Vec<(Option<u64>, &'static str, ProfileDuration)>>);

impl LaunchObserver for Observer {
    fn launched(&self, _kernel: &'static str) {}

    fn timing(&self) -> TimingRequest {
        TimingRequest::Deferred
    }

    fn profiled(&self, kernel: &'static str, duration: ProfileDuration) {
        let mut launches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        launches.push((timer::current(), kernel, duration));
    }
}

/// Runs `work` and returns, with its result, every kernel that it launched, in order.
pub(crate) fn record<T>(
    gpu: &Gpu,
    work: impl FnOnce() -> T,
) -> Result<(T, Vec<Launch>), KernelError> {
    let epoch = Instant::now();
    let mut watch = Watch::start(gpu);
    let result = work();
    let launches = watch.take(epoch)?.into_iter();
    let launches = launches.map(|(_, kernel, start, elapsed)| Launch {
        kernel,
        start: start.saturating_duration_since(epoch),
        elapsed,
    });
    Ok((result, launches.collect()))
}

/// Times every launch of the process until it is dropped. CubeCL has one observer per process, so
/// there is one watch at a time.
pub(crate) struct Watch {
    gpu: Gpu,
    observer: Arc<Observer>,
    _observation: LaunchObservation,
    _alone: MutexGuard<'static, ()>,
}

/// A launch: the call it belongs to, the kernel, when it began and how long it ran.
type Timed = (Option<u64>, String, Instant, Duration);

impl Watch {
    pub(crate) fn start(gpu: &Gpu) -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let observer = Arc::new(Observer::default());
        Self {
            gpu: gpu.clone(),
            _observation: LaunchObservation::new(observer.clone()),
            observer,
            _alone: alone,
        }
    }

    /// Waits for the device and returns what was launched since the last time, in order. CubeCL
    /// puts the device's clock on the host's time line.
    pub(crate) fn take(&mut self, epoch: Instant) -> Result<Vec<Timed>, KernelError> {
        let synced = cubecl::future::block_on(self.gpu.client().sync());
        synced.map_err(|error| error::from_server(&error))?;
        let observed = self.observer.0.lock();
        let observed = std::mem::take(&mut *observed.unwrap_or_else(PoisonError::into_inner));
        // A device that lost a measurement has none to show.
        let timed = observed.into_iter().filter_map(|(call, kernel, duration)| {
            let ticks = cubecl::future::block_on(duration.resolve())?;
            let kernel = short_name(kernel);
            let start = epoch + ticks.start_duration_since(epoch);
            Some((call, kernel, start, ticks.duration()))
        });
        Ok(timed.collect())
    }
}

/// Returns the name of a kernel without its module.
pub(crate) fn short_name(kernel: &str) -> String {
    type_name_format(kernel, TypeNameFormatLevel::Short)
}
