//! The catalogue made runnable: inputs from seeds, the public function on a device, and the
//! reference. Shared by the parity tests and the benchmark.

mod convolution;
mod dense;
mod layout;
mod numbers;

use kernels::{
    Activation, Cost, Device, Epilogue, KernelError, Precision, Tensor, tolerance::Tolerance,
};
pub(crate) use numbers::Numbers;
use numbers::sampled;

/// How the catalogue is posed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// What inputs consist of.
    pub(crate) numbers: Numbers,
    /// The devices' precision; operations that do not depend on it are left out of all but `f32`.
    pub(crate) precision: Precision,
    /// The work above which a problem is cut to a slice of its rows, images or heads.
    pub(crate) most: u64,
}

impl Setting {
    /// Returns how much of `extent` to keep of a problem that costs `cost` as a whole, at least
    /// `least`.
    fn cut(&self, cost: Cost, extent: usize, least: usize) -> usize {
        if cost.flops <= self.most {
            return extent;
        }
        let share = self.most as f64 / cost.flops as f64;
        ((extent as f64 * share) as usize).clamp(least.min(extent), extent)
    }

    /// Returns the device's seeded inputs.
    fn inputs(&self, seed: u64, len: usize) -> Vec<f32> {
        self.numbers.inputs(seed, len)
    }

    /// Returns what is left of numbers in the precision.
    fn rounded(&self, mut numbers: Vec<f32>) -> Vec<f32> {
        for x in &mut numbers {
            *x = self.precision.round(*x);
        }
        numbers
    }
}

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
    pub(crate) fn mismatch(&self, expected: &Expected, result: &Tensor) -> Option<String> {
        let result = result.to_vec().expect("the device works");
        let Expected {
            rows,
            width,
            values,
        } = expected;
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
pub(crate) fn all(setting: Setting) -> Vec<Case> {
    let mut cases = dense::cases(setting);
    cases.extend(convolution::cases(setting));
    if setting.precision == Precision::F32 {
        cases.extend(layout::cases(setting.numbers));
    }
    cases
}

fn tensor(device: &Device, shape: &[usize], data: Vec<f32>) -> Tensor {
    Tensor::from_vec(device, shape, data).expect("the length is the shape's product")
}

fn run(operation: impl Fn() -> Result<Tensor, KernelError> + Sync + 'static) -> Run {
    Box::new(move || operation().expect("the catalogue's shapes fit"))
}

/// Runs an operation with this epilogue.
fn run_with(
    activation: Activation,
    residual: Option<Tensor>,
    operation: impl Fn(Epilogue<'_>) -> Result<Tensor, KernelError> + Sync + 'static,
) -> Run {
    run(move || {
        operation(Epilogue {
            activation,
            residual: residual.as_ref(),
        })
    })
}

fn expected(rows: Vec<usize>, width: usize, values: Vec<f32>) -> Expected {
    Expected {
        rows,
        width,
        values,
    }
}
