//! How long each operation takes, kernel by kernel. See [`Recording`] and [`record`].

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{Cost, Device, KernelError};

/// One run of one kernel: of a graphics device's own, or of its twin on the CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The kernel's name; `cpu` for a twin.
    pub kernel: String,
    /// When it began, counted from the beginning of the recording.
    pub start: Duration,
    /// How long it ran: by the device's own clock where it has one, by the wall for a twin.
    pub elapsed: Duration,
}

/// One call of an operation, with the kernels that it launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The operation's name; the kernel's if no operation launched it.
    pub operation: String,
    /// What was asked of it: shapes and choices.
    pub problem: String,
    /// The least work, if it is known.
    pub cost: Option<Cost>,
    /// In order; at least one.
    pub launches: Vec<Launch>,
}

impl Call {
    /// Returns how long its kernels ran.
    pub fn elapsed(&self) -> Duration {
        self.launches.iter().map(|launch| launch.elapsed).sum()
    }
}

/// Watches all operations of this process, on whatever device, until it is dropped.
///
/// Recording costs time: a graphics device pauses between kernels for some tenths of a
/// millisecond. There is one recording at a time; another waits for it.
pub struct Recording {
    epoch: Instant,
    #[cfg(feature = "wgpu")]
    gpu: Option<crate::gpu::timer::Watch>,
    _alone: MutexGuard<'static, ()>,
}

impl Recording {
    /// Begins. Kernels that CubeCL launches are timed if `device` is a graphics device.
    pub fn start(device: &Device) -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        with_calls(|calls| *calls = Calls::default());
        WATCHED.store(true, Ordering::Relaxed);
        #[cfg(not(feature = "wgpu"))]
        let _ = device;
        Self {
            epoch: Instant::now(),
            #[cfg(feature = "wgpu")]
            gpu: device.as_gpu().map(crate::gpu::timer::Watch::start),
            _alone: alone,
        }
    }

    /// Returns the time from which launches count.
    pub fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Waits for the device and returns what was called since the last time, in order.
    ///
    /// # Errors
    /// When the device fails.
    pub fn take(&mut self) -> Result<Vec<Call>, KernelError> {
        #[cfg(feature = "wgpu")]
        if let Some(watch) = &mut self.gpu {
            for (call, kernel, start, elapsed) in watch.take(self.epoch)? {
                add(call, kernel, start, elapsed);
            }
        }
        let epoch = self.epoch;
        let calls = with_calls(|calls| std::mem::take(&mut calls.open));
        let calls = calls.into_values().filter(|call| !call.launches.is_empty());
        let calls = calls.map(|call| Call {
            operation: call.operation,
            problem: call.problem,
            cost: call.cost,
            launches: call
                .launches
                .into_iter()
                .map(|(kernel, start, elapsed)| Launch {
                    kernel,
                    start: start.saturating_duration_since(epoch),
                    elapsed,
                })
                .collect(),
        });
        Ok(calls.collect())
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        WATCHED.store(false, Ordering::Relaxed);
        with_calls(|calls| *calls = Calls::default());
    }
}

/// Runs `work` and returns, with its result, every kernel that was launched meanwhile on `device`,
/// in order; on the CPU every operation's twin.
///
/// # Errors
/// When the device fails.
pub fn record<T>(
    device: &Device,
    work: impl FnOnce() -> T,
) -> Result<(T, Vec<Launch>), KernelError> {
    let mut recording = Recording::start(device);
    let result = work();
    let calls = recording.take()?;
    let launches = calls.into_iter().flat_map(|call| call.launches);
    Ok((result, launches.collect()))
}

/// Whether a recording is under way.
static WATCHED: AtomicBool = AtomicBool::new(false);

static CALLS: Mutex<Calls> = Mutex::new(Calls {
    next: 0,
    open: BTreeMap::new(),
});

#[derive(Default)]
struct Calls {
    next: u64,
    open: BTreeMap<u64, Noted>,
}

/// A call under way or over.
struct Noted {
    operation: String,
    problem: String,
    cost: Option<Cost>,
    launches: Vec<(String, Instant, Duration)>,
}

thread_local! {
    /// The operation that this thread is in.
    static CURRENT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Returns whether a recording is under way.
pub(crate) fn is_watched() -> bool {
    WATCHED.load(Ordering::Relaxed)
}

/// Returns the operation that this thread is in, if it is recorded.
#[cfg(feature = "wgpu")]
pub(crate) fn current() -> Option<u64> {
    CURRENT.get()
}

/// Notes an operation until what is returned is dropped; `device` is none for what always runs on
/// the CPU. Costs next to nothing where nobody watches.
#[must_use = "the operation is over when this is dropped"]
pub(crate) fn operation<P: ToString>(
    name: &'static str,
    device: Option<&Device>,
    describe: impl FnOnce() -> (P, Option<Cost>),
) -> Operation {
    if !is_watched() || CURRENT.get().is_some() {
        return Operation(None);
    }
    let (problem, cost) = describe();
    let call = with_calls(|calls| calls.open(name.to_owned(), problem.to_string(), cost));
    CURRENT.set(Some(call));
    #[cfg(feature = "wgpu")]
    let on_cpu = device.is_none_or(|device| device.as_gpu().is_none());
    #[cfg(not(feature = "wgpu"))]
    let on_cpu = device.is_none_or(|_| true);
    Operation(Some((call, on_cpu.then(Instant::now))))
}

/// An operation under way; on the CPU with its beginning.
pub(crate) struct Operation(Option<(u64, Option<Instant>)>);

impl Drop for Operation {
    fn drop(&mut self) {
        let Some((call, start)) = self.0 else { return };
        CURRENT.set(None);
        if let Some(start) = start {
            add(Some(call), "cpu".to_owned(), start, start.elapsed());
        }
    }
}

/// Adds a launch to its call, or as a call of its own.
pub(crate) fn add(call: Option<u64>, kernel: String, start: Instant, elapsed: Duration) {
    with_calls(|calls| {
        let call = call
            .filter(|call| calls.open.contains_key(call))
            .unwrap_or_else(|| calls.open(kernel.clone(), String::new(), None));
        if let Some(call) = calls.open.get_mut(&call) {
            call.launches.push((kernel, start, elapsed));
        }
    });
}

impl Calls {
    fn open(&mut self, operation: String, problem: String, cost: Option<Cost>) -> u64 {
        let call = self.next;
        self.next += 1;
        let noted = Noted {
            operation,
            problem,
            cost,
            launches: Vec::new(),
        };
        self.open.insert(call, noted);
        call
    }
}

fn with_calls<T>(act: impl FnOnce(&mut Calls) -> T) -> T {
    // Nothing panics while it holds the lock, so what a poisoned one guards is sound.
    act(&mut CALLS.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Epilogue, Tensor, elementwise, linear};

    #[test]
    fn each_operation_is_timed_on_every_device() {
        let mut devices = vec![(Device::cpu(), "cpu")];
        #[cfg(feature = "wgpu")]
        devices.extend(Device::wgpu().ok().map(|device| (device, "")));
        for (device, kernel) in devices {
            let x = Tensor::from_vec(&device, &[10, 97], vec![1.0; 970]).expect("it fits");
            let weight = vec![1.0; 3 * 97];
            let weights = linear::LinearWeights::new(&device, [3, 97], &weight, None);
            let weights = weights.expect("it fits");
            let mut recording = Recording::start(&device);
            let sum = elementwise::add(&x, &x).expect("it fits");
            let y = linear::linear(&sum, &weights, Epilogue::NONE).expect("it fits");
            let calls = recording.take().expect("the device works");
            // Other tests may call meanwhile.
            let position = |name: &str, problem: &str| {
                let is_it = |call: &Call| call.operation == name && call.problem == problem;
                calls.iter().position(is_it).expect("it was called")
            };
            let add = position("add", "970");
            let product = position("linear", "10×97→3");
            assert!(add < product, "{calls:?}");
            let call = &calls[product];
            assert!(call.elapsed() > Duration::ZERO, "{call:?}");
            assert!(call.launches[0].kernel.contains(kernel), "{call:?}");
            assert_eq!(call.cost.map(|cost| cost.flops), Some(2 * 10 * 97 * 3));
            assert_eq!(y.to_vec(), Ok(vec![2.0 * 97.0; 30]));

            elementwise::activate(&y, Activation::Relu).expect("it fits");
            let calls = recording.take().expect("the device works");
            assert!(calls.iter().any(|call| call.operation == "activate"));
            assert!(!calls.iter().any(|call| call.problem == "10×97→3"));
        }
    }
}
