//! What copying a part costs: memory only.

use super::AxisProblem;
use crate::Cost;

impl AxisProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        Cost::new(0, 2 * self.outer * self.extent * self.inner)
    }
}
