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
