//! What a batched product costs.

use super::MatmulProblem;
use crate::Cost;

impl MatmulProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        let out = self.batch * self.rows * self.columns;
        let operands = self.batch * (self.rows + self.columns) * self.inner;
        Cost::new(2 * out * self.inner, operands + out)
    }
}
