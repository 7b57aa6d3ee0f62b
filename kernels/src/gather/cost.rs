//! What a gather costs.

use super::GatherProblem;
use crate::Cost;

impl GatherProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        let x = self.batch * self.pixels * self.channels;
        Cost::new(2 * x, x + self.batch * (self.pixels + self.channels))
    }
}
