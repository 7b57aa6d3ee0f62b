//! What a layer norm costs.

use super::NormProblem;
use crate::Cost;

impl NormProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        // Mean, squared distances, and scaling take 1, 3 and 4 operations.
        let elements = self.rows * self.channels;
        Cost::new(8 * elements, 2 * elements)
    }
}
