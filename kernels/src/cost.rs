//! What an operation costs at least. See [`Cost`].

/// The arithmetic an operation consists of and the memory it must touch, whatever computes it:
/// with a device's peaks they bound the time from below (the roofline).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Floating point operations; a multiply-add is two, an activation none.
    pub flops: u64,
    /// Bytes of inputs, weights and results, each counted once.
    pub bytes: u64,
}

impl Cost {
    /// Returns the cost of both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            flops: self.flops + other.flops,
            bytes: self.bytes + other.bytes,
        }
    }

    /// Returns the cost of reading and writing so many bytes.
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        Self {
            flops: 0,
            bytes: bytes as u64,
        }
    }

    /// Returns the cost of `flops` on this many `f32` numbers.
    pub(crate) fn new(flops: usize, numbers: usize) -> Self {
        Self {
            flops: flops as u64,
            bytes: 4 * numbers as u64,
        }
    }
}
