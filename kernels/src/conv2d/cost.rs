//! What a convolution costs.

use super::{Conv2dProblem, ConvLayout, Groups};
use crate::Cost;

impl Conv2dProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        let ConvLayout {
            inputs,
            outputs,
            kernel: [kh, kw],
            groups,
            ..
        } = self.layout;
        let fan = match groups {
            Groups::Full => inputs,
            Groups::Depthwise => 1,
        };
        let [height, width] = self.output_size();
        let out = self.batch * height * width * outputs;
        let x = self.batch * self.height * self.width * inputs;
        let residual = if self.residual { out } else { 0 };
        let taps = kh * kw * fan;
        Cost::new(2 * out * taps, x + taps * outputs + out + residual)
    }
}
