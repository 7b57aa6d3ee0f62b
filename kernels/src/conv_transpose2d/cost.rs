//! What a transposed convolution costs.

use super::ConvTransposeProblem;
use crate::Cost;

impl ConvTransposeProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        let pixels = self.batch * self.height * self.width;
        let weight = 4 * self.inputs * self.outputs;
        let numbers = pixels * (self.inputs + 4 * self.outputs) + weight;
        Cost::new(2 * pixels * weight, numbers)
    }
}
