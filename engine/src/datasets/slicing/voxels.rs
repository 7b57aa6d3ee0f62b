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

    /// Returns the grid's number of voxels along each axis.
    pub(in crate::datasets) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Adds a voxel, given by its place in stored order.
    pub(in crate::datasets) fn insert(&mut self, place: usize) {
        if self.words.is_empty() {
            self.words = vec![0; self.shape.iter().product::<usize>().div_ceil(64)];
        }
        self.words[place / 64] |= 1 << (place % 64);
    }

    /// Returns how many voxels lie in each slice across an axis.
    pub(in crate::datasets) fn areas(&self, axis: usize) -> Vec<usize> {
        let stride: usize = self.shape[..axis].iter().product();
        let mut areas = vec![0; self.shape[axis]];
        for place in self.places() {
            areas[place / stride % self.shape[axis]] += 1;
        }
        areas
    }

    /// Returns the voxels that are in more than half of the sets, which share a shape.
    pub(in crate::datasets) fn majority(shape: [usize; 3], sets: &[&Self]) -> Self {
        let mut most = Self::empty(shape);
        let longest = sets.iter().map(|set| set.words.len()).max().unwrap_or(0);
        most.words = vec![0; longest];
        for (index, word) in most.words.iter_mut().enumerate() {
            let votes = || sets.iter().filter_map(|set| set.words.get(index).copied());
            let any = votes().fold(0, |any, vote| any | vote);
            for bit in bits(any) {
                let count = votes().filter(|vote| vote >> bit & 1 == 1).count();
                *word |= u64::from(2 * count > sets.len()) << bit;
            }
        }
        most
    }

    /// Returns the places of the voxels in stored order.
    fn places(&self) -> impl Iterator<Item = usize> {
        let words = self.words.iter().enumerate();
        words.flat_map(|(index, &word)| bits(word).map(move |bit| 64 * index + bit))
    }

    /// Returns whether a voxel belongs.
    pub(in crate::datasets) fn contains(&self, [i, j, k]: [usize; 3]) -> bool {
        let place = i + self.shape[0] * (j + self.shape[1] * k);
        self.words
            .get(place / 64)
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

/// Returns which bits are set, from the lowest.
fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then_some(word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_inserted_is_contained() {
        let mut set = VoxelSet::empty([5, 7, 3]);
        assert!(!set.contains([4, 6, 2]));
        set.insert(4 + 5 * (6 + 7 * 2));
        assert!(set.contains([4, 6, 2]) && !set.contains([3, 6, 2]) && !set.contains([0, 0, 0]));
    }

    const SHAPE: [usize; 3] = [5, 7, 3];

    fn set(places: &[usize]) -> VoxelSet {
        let mut set = VoxelSet::empty(SHAPE);
        for &place in places {
            set.insert(place);
        }
        set
    }

    fn voxel(place: usize) -> [usize; 3] {
        [place % 5, place / 5 % 7, place / 35]
    }

    proptest! {
        #[test]
        fn areas_are_those_of_the_slices(places in prop::collection::vec(0..105_usize, 0..60)) {
            let set = set(&places);
            for (axis, &length) in SHAPE.iter().enumerate() {
                let areas = set.areas(axis);
                prop_assert_eq!(areas.len(), length);
                for (index, &area) in areas.iter().enumerate() {
                    let inside = |&place: &usize| set.contains(voxel(place)) && voxel(place)[axis] == index;
                    prop_assert_eq!(area, (0..105).filter(inside).count());
                }
            }
        }

        #[test]
        fn more_than_half_decide(raters in prop::collection::vec(prop::collection::vec(0..105_usize, 0..60), 1..6)) {
            let sets: Vec<_> = raters.iter().map(|places| set(places)).collect();
            let most = VoxelSet::majority(SHAPE, &sets.iter().collect::<Vec<_>>());
            for place in 0..105 {
                let votes = raters.iter().filter(|places| places.contains(&place)).count();
                prop_assert_eq!(most.contains(voxel(place)), 2 * votes > raters.len());
            }
        }
    }
}
