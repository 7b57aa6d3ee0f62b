//! What mirroring costs: memory only.

use super::MirrorProblem;
use crate::Cost;

impl MirrorProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        Cost::new(0, 2 * self.rows * self.width * self.channels)
    }
}
