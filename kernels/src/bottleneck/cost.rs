//! What a bottleneck costs.

use super::BottleneckProblem;
use crate::{Cost, conv2d::Conv2dProblem};

impl BottleneckProblem {
    /// Returns the least arithmetic and memory traffic: the wide images need not be in memory.
    pub fn cost(&self) -> Cost {
        let costs = [self.expand, self.depthwise, self.project].map(|problem| problem.cost());
        let [first, second, third] = costs;
        let wide = |problem: Conv2dProblem| 4 * problem.shape().iter().product::<usize>() as u64;
        let Cost { flops, bytes } = first.plus(second).plus(third);
        // Each was counted as one convolution's result and as another's input.
        let bytes = bytes - 2 * (wide(self.expand) + wide(self.depthwise));
        Cost { flops, bytes }
    }
}
