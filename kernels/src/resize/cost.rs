//! What a bilinear resize costs.

use super::ResizeProblem;
use crate::Cost;

impl ResizeProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        let [height, width] = self.to.keep;
        let out = self.batch * height * width * self.channels;
        let x = self.batch * self.from[0] * self.from[1] * self.channels;
        // Three interpolations of a subtraction, two products and a sum.
        Cost::new(12 * out, x + out)
    }
}
