//! Memory that is used again. See [`Buffer`].
//!
//! A fresh allocation of some megabytes costs a page fault per page, as much as a tenth of a
//! matrix product that fills it. A model asks for the same few sizes for every image, so what it
//! drops is kept for the next.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

use crate::Allocations;

/// How much unused memory a pool keeps, in bytes: a few of the largest activations of SAM's
/// image encoders (64 MiB to 84 MiB).
const KEPT_BYTES: usize = 512 << 20;

/// Buffers below this many numbers come from the allocator, which serves them without page faults.
const SMALLEST_POOLED: usize = 4096;

/// Dropped buffers by length.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Shelves>);

#[derive(Debug, Default)]
struct Shelves {
    by_len: BTreeMap<usize, Vec<Vec<f32>>>,
    bytes: usize,
    count: Allocations,
}

/// Numbers on the CPU, which go back to their pool when dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// At least `len` numbers.
    data: Vec<f32>,
    len: usize,
    pool: Option<Arc<Pool>>,
}

impl Pool {
    /// Returns a buffer of `len` numbers, whose values are left over from an earlier use.
    pub(crate) fn take(pool: &Arc<Self>, len: usize) -> Buffer {
        let small = len < SMALLEST_POOLED;
        let rounded = round_up(len);
        let kept = pool.shelves(|shelves| {
            shelves.count.requests += 1;
            shelves.count.requested_bytes += (len * size_of::<f32>()) as u64;
            if small {
                return None;
            }
            let kept = shelves.by_len.get_mut(&rounded).and_then(Vec::pop);
            if let Some(data) = &kept {
                shelves.bytes -= size_of_val(data.as_slice());
            } else {
                shelves.count.held += 1;
                shelves.count.held_bytes += (rounded * size_of::<f32>()) as u64;
            }
            kept
        });
        if small {
            return Buffer::from(vec![0.0; len]);
        }
        Buffer {
            data: kept.unwrap_or_else(|| vec![0.0; rounded]),
            len,
            pool: Some(Arc::clone(pool)),
        }
    }

    fn give(&self, data: Vec<f32>) {
        let bytes = size_of_val(data.as_slice());
        self.shelves(|shelves| {
            if shelves.bytes + bytes <= KEPT_BYTES {
                shelves.bytes += bytes;
                shelves.by_len.entry(data.len()).or_default().push(data);
            } else {
                shelves.count.held -= 1;
                shelves.count.held_bytes -= bytes as u64;
            }
        });
    }

    /// Returns what was asked for and what is held.
    pub(crate) fn allocations(&self) -> Allocations {
        self.shelves(|shelves| shelves.count)
    }

    fn shelves<T>(&self, act: impl FnOnce(&mut Shelves) -> T) -> T {
        // Nothing panics while it holds the lock, so what a poisoned one guards is sound.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Rounds up to an eighth of the next lower power of two, so that sizes that differ little share.
fn round_up(len: usize) -> usize {
    let step = (len.next_power_of_two() / 16).max(1);
    len.next_multiple_of(step)
}

impl From<Vec<f32>> for Buffer {
    fn from(data: Vec<f32>) -> Self {
        Self {
            len: data.len(),
            data,
            pool: None,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(pool) = &self.pool {
            pool.give(std::mem::take(&mut self.data));
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.data[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_used_again() {
        let pool = Arc::<Pool>::default();
        let mut first = Pool::take(&pool, 100_000);
        first[99_999] = 7.0;
        let address = first.as_ptr();
        drop(first);
        let again = Pool::take(&pool, 99_000);
        assert_eq!((again.len(), again.as_ptr()), (99_000, address));
        assert_ne!(Pool::take(&pool, 100_000).as_ptr(), address);
    }

    #[test]
    fn a_pool_keeps_a_bounded_amount() {
        let pool = Arc::<Pool>::default();
        let buffers: Vec<_> = (0..9).map(|_| Pool::take(&pool, 16 << 20)).collect();
        drop(buffers);
        assert_eq!(pool.shelves(|shelves| shelves.bytes), KEPT_BYTES);
    }
}
