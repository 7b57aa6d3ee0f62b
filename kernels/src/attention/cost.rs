//! What attention costs.

use super::{AttentionProblem, BiasKind};
use crate::Cost;

impl AttentionProblem {
    /// Returns the least arithmetic and memory traffic.
    pub fn cost(&self) -> Cost {
        let channels = self.heads * self.head_dim;
        let queries = self.batch * self.queries;
        let keys = self.key_batch * self.keys;
        let products = 4 * queries * self.keys * channels;
        let (bias_flops, bias_numbers) = match self.bias {
            BiasKind::None => (0, 0),
            BiasKind::Table => (0, self.heads * self.queries * self.keys),
            BiasKind::RelativePositions { height, width } => (
                2 * queries * (height + width) * channels,
                2 * (height + width) * self.head_dim,
            ),
        };
        let numbers = 2 * (queries + keys) * channels + bias_numbers;
        Cost::new(products + bias_flops, numbers)
    }
}
