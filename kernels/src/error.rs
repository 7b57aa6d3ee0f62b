//! Why an operation could not run. See [`KernelError`].

/// Why an operation could not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// An argument's shape does not fit the operation or its other arguments.
    #[error("{operation}: {argument} has shape {found:?}, expected {expected}")]
    Shape {
        /// The operation.
        operation: &'static str,
        /// Which of its arguments.
        argument: &'static str,
        /// The argument's shape.
        found: Vec<usize>,
        /// What would have fitted.
        expected: String,
    },
    /// Two arguments live on different devices.
    #[error("{operation}: arguments on {one} and on {other}")]
    Devices {
        /// The operation.
        operation: &'static str,
        /// Where the first is.
        one: String,
        /// Where another is.
        other: String,
    },
    /// The machine has no such device, or its driver refuses.
    #[error("no graphics device: {reason}")]
    NoDevice {
        /// What the driver or the system said.
        reason: String,
    },
    /// The device cannot compute in a precision.
    #[error("{device} does not compute in {precision}; f32 always works")]
    Precision {
        /// The device.
        device: String,
        /// What was asked of it.
        precision: &'static str,
    },
    /// The device has no room.
    #[error("the device has no room for {bytes} bytes in one buffer{}", at_most(*.most))]
    OutOfMemory {
        /// What was asked for.
        bytes: u64,
        /// The most that one buffer can hold, where that is the reason.
        most: Option<u64>,
    },
    /// A kernel could not be compiled for the device.
    #[error("the device refused a kernel: {reason}")]
    Shader {
        /// What the compiler said.
        reason: String,
    },
    /// The device was lost: unplugged, reset, or halted by a fault. Nothing works on it any more
    /// in this process.
    #[error("the device was lost: {reason}")]
    Lost {
        /// What the driver said.
        reason: String,
    },
    /// The device failed otherwise.
    #[error("the device failed: {reason}")]
    Device {
        /// What the driver said.
        reason: String,
    },
}

fn at_most(most: Option<u64>) -> String {
    most.map_or(String::new(), |most| format!("; it holds {most} at most"))
}

impl KernelError {
    /// Builds a [`KernelError::Shape`].
    pub(crate) fn shape(
        operation: &'static str,
        argument: &'static str,
        found: &[usize],
        expected: impl Into<String>,
    ) -> Self {
        Self::Shape {
            operation,
            argument,
            found: found.to_vec(),
            expected: expected.into(),
        }
    }
}
