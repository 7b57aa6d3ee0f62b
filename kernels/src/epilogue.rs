//! What an operation does to each sum before it is stored. See [`Epilogue`].

use crate::{Device, KernelError, Tensor};

/// A function of one number, applied last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `x`
    #[default]
    None,
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// `x/2 (1 + erf(x/√2))`, the exact form (not the tanh approximation).
    Gelu,
    /// `x`, or `x/5` below 0; NaN stays NaN.
    LeakyRelu,
    /// `1/(1 + exp(−x))`
    Sigmoid,
}

impl Activation {
    /// Every activation.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Relu,
        Self::Gelu,
        Self::LeakyRelu,
        Self::Sigmoid,
    ];

    /// Returns what is appended to the description of a problem.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Relu => " relu",
            Self::Gelu => " gelu",
            Self::LeakyRelu => " leaky relu",
            Self::Sigmoid => " sigmoid",
        }
    }

    /// Returns the activation of `x`, as the references compute it.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Relu if x < 0.0 => 0.0,
            Self::LeakyRelu if x < 0.0 => 0.2 * x,
            Self::None | Self::Relu | Self::LeakyRelu => x,
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            // The limit for -inf: the formula itself would give -inf · 0.
            Self::Gelu if x == f64::NEG_INFINITY => 0.0,
            Self::Gelu => x / 2.0 * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        }
    }
}

/// What happens to a sum in registers before it is stored: `activation(sum + bias + residual)`,
/// the bias being part of the weights.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// Applied last.
    pub activation: Activation,
    /// Added before the activation; shaped as the result.
    pub residual: Option<&'a Tensor>,
}

impl<'a> Epilogue<'a> {
    /// Stores the sum as it is.
    pub const NONE: Self = Self {
        activation: Activation::None,
        residual: None,
    };

    /// Adds `residual`.
    pub fn add(residual: &'a Tensor) -> Self {
        Self {
            activation: Activation::None,
            residual: Some(residual),
        }
    }

    /// Checks that the residual, if there is one, has the result's shape and device.
    pub(crate) fn check(
        &self,
        operation: &'static str,
        device: &Device,
        out: &[usize],
    ) -> Result<(), KernelError> {
        device.check(operation, self.residual.map(Tensor::device))?;
        match self.residual {
            Some(residual) if residual.shape() != out => Err(KernelError::shape(
                operation,
                "residual",
                residual.shape(),
                format!("{out:?}"),
            )),
            _ => Ok(()),
        }
    }
}

impl From<Activation> for Epilogue<'_> {
    fn from(activation: Activation) -> Self {
        Self {
            activation,
            residual: None,
        }
    }
}
