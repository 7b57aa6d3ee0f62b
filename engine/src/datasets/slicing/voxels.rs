//! A set of voxels, one bit each. See [`VoxelSet`].

/// Which voxels of a grid belong together.
pub(in crate::datasets) struct VoxelSet {
    shape: [usize; 3],
    /// In stored order, the first axis fastest; empty until the first voxel comes.
    words: Vec<u64>,
}

impl VoxelSet {
    /// Returns a set without voxels, which takes no memory.
    pub(in crate::datasets) fn empty(shape: [usize; 3]) -> Self {
        Self {
            shape,
            words: Vec::new(),
        }
    }

    /// Adds a voxel, given by its place in stored order.
    pub(in crate::datasets) fn insert(&mut self, place: usize) {
        if self.words.is_empty() {
            self.words = vec![0; self.shape.iter().product::<usize>().div_ceil(64)];
        }
        self.words[place / 64] |= 1 << (place % 64);
    }

    /// Returns whether a voxel belongs.
    pub(in crate::datasets) fn contains(&self, [i, j, k]: [usize; 3]) -> bool {
        let place = i + self.shape[0] * (j + self.shape[1] * k);
        self.words
            .get(place / 64)
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_is_contained() {
        let mut set = VoxelSet::empty([5, 7, 3]);
        assert!(!set.contains([4, 6, 2]));
        set.insert(4 + 5 * (6 + 7 * 2));
        assert!(set.contains([4, 6, 2]) && !set.contains([3, 6, 2]) && !set.contains([0, 0, 0]));
    }
}
