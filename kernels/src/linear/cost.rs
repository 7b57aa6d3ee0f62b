//! What a linear layer costs.

use super::LinearProblem;
use crate::Cost;

impl LinearProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        let (x, weight) = (self.rows * self.inputs, self.inputs * self.outputs);
        let out = self.rows * self.outputs;
        let residual = if self.residual { out } else { 0 };
        Cost::new(2 * out * self.inputs, x + weight + out + residual)
    }
}
