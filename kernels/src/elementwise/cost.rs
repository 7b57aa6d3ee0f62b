//! What a binary operation costs.

use super::BinaryProblem;
use crate::Cost;

impl BinaryProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        Cost::new(self.elements, 2 * self.elements + self.period)
    }
}
