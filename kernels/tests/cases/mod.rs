//! The catalogue made runnable: inputs from seeds, the public function on a device, and the
//! reference. Shared by the parity tests and the benchmark.

mod dense;
mod layout;
mod numbers;

use kernels::{Cost, Device, Tensor, tolerance::Tolerance};
pub(crate) use numbers::Numbers;
use numbers::sampled;

/// A problem with its inputs.
pub(crate) struct Case {
    /// `operation/entry`
    pub(crate) name: String,
    /// The least work.
    pub(crate) cost: Cost,
    /// How far from the reference a device may be.
    pub(crate) tolerance: Tolerance,
    /// Uploads the inputs; what it returns runs the operation.
    pub(crate) prepare: Box<dyn Fn(&Device) -> Run>,
    /// Computes what is to be compared.
    pub(crate) expect: Box<dyn Fn() -> Expected>,
}

/// Runs an operation on inputs that are on the device.
pub(crate) type Run = Box<dyn Fn() -> Tensor + Sync>;

/// Some rows of a result by the reference.
pub(crate) struct Expected {
    /// Which rows.
    pub(crate) rows: Vec<usize>,
    /// Elements of a row.
    pub(crate) width: usize,
    /// The rows' elements.
    pub(crate) values: Vec<f32>,
}

impl Case {
    /// Returns the first element that is not as the reference says, and how.
    pub(crate) fn mismatch(&self, result: &Tensor) -> Option<String> {
        let result = result.to_vec().expect("the device works");
        let Expected {
            rows,
            width,
            values,
        } = (self.expect)();
        for (i, &expected) in values.iter().enumerate() {
            let (row, column) = (rows[i / width], i % width);
            let found = result[row * width + column];
            if !self.tolerance.accepts(found, expected) {
                return Some(format!(
                    "{}: row {row}, column {column} is {found:e}, expected {expected:e} ± {:e}",
                    self.name, self.tolerance.absolute
                ));
            }
        }
        None
    }
}

/// Returns every entry of every operation's catalogue.
pub(crate) fn all(numbers: Numbers) -> Vec<Case> {
    let mut cases = dense::cases(numbers);
    cases.extend(layout::cases(numbers));
    cases
}
