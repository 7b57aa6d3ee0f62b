//! What cutting or joining windows costs: memory only.

use super::WindowProblem;
use crate::Cost;

impl WindowProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        let tokens = self.batch * self.height * self.width;
        let [rows, columns] = self.grid();
        let padded = self.batch * rows * columns * self.window * self.window;
        Cost::new(0, (tokens + padded) * self.channels)
    }
}
