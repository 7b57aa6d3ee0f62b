//! How long kernels take, by the device's own clock. See [`record`].

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cubecl::{
    config::{TypeNameFormatLevel, type_name_format},
    logging::{LaunchObservation, LaunchObserver, TimingRequest},
    profile::{Instant, ProfileDuration},
};

use super::{Gpu, error};
use crate::{KernelError, timer::Launch};

/// Keeps what CubeCL reports of each launch, unread: reading would wait for the device.
#[derive(Default)]
struct Observer(Mutex<Vec<(&'static str, ProfileDuration)>>);

impl LaunchObserver for Observer {
    fn launched(&self, _kernel: &'static str) {}

    fn timing(&self) -> TimingRequest {
        TimingRequest::Deferred
    }

    fn profiled(&self, kernel: &'static str, duration: ProfileDuration) {
        let mut launches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        launches.push((kernel, duration));
    }
}

/// Runs `work` and returns, with its result, every kernel that it launched, in order.
pub(crate) fn record<T>(
    gpu: &Gpu,
    work: impl FnOnce() -> T,
) -> Result<(T, Vec<Launch>), KernelError> {
    // CubeCL has one observer per process.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let epoch = Instant::now();
    let observer = Arc::new(Observer::default());
    let observation = LaunchObservation::new(observer.clone());
    let result = work();
    let synced = cubecl::future::block_on(gpu.client().sync());
    drop(observation);
    synced.map_err(|error| error::from_server(&error))?;
    let observed = std::mem::take(&mut *observer.0.lock().unwrap_or_else(PoisonError::into_inner));
    let mut launches = Vec::with_capacity(observed.len());
    for (kernel, duration) in observed {
        // A device that lost a measurement has none to show.
        let Some(ticks) = cubecl::future::block_on(duration.resolve()) else {
            continue;
        };
        launches.push(Launch {
            kernel: short_name(kernel),
            start: ticks.start_duration_since(epoch),
            elapsed: ticks.duration(),
        });
    }
    // The device's clock has an origin of its own.
    let first = launches.iter().map(|launch| launch.start).min();
    let first = first.unwrap_or(Duration::ZERO);
    for launch in &mut launches {
        launch.start -= first;
    }
    Ok((result, launches))
}

/// Returns the name of a kernel without its module.
pub(crate) fn short_name(kernel: &str) -> String {
    type_name_format(kernel, TypeNameFormatLevel::Short)
}
