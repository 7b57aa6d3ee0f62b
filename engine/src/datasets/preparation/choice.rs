//! Which cases and which slices are played. See [`Cases`] and [`Slices`].

use serde::Deserialize;

use super::Preparation;
use crate::{
    random::{Draw as _, DrawKey, Keyed},
    scenario::Count,
};

/// Which cases of a dataset are played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cases {
    /// All.
    #[default]
    All,
    /// So many, drawn by chance; all if there are no more.
    Sample {
        /// How many.
        count: Count,
        /// Another one draws others.
        #[serde(default)]
        seed: u64,
    },
}

/// Which slices of a case are played, of those that show an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Slices {
    /// All.
    #[default]
    WithObject,
    /// The first, and every so manyth after it.
    Every(Count),
    /// For each object the one that shows most of it; of equals the first.
    Largest,
    /// So many, drawn by chance; all if there are no more.
    Sample {
        /// How many.
        count: Count,
        /// Another one draws others.
        #[serde(default)]
        seed: u64,
    },
}

/// A slice that is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::datasets) struct Chosen {
    /// Its index.
    pub(in crate::datasets) slice: usize,
    /// The objects that are played there, in their order.
    pub(in crate::datasets) objects: Vec<usize>,
}

impl Preparation {
    /// Leaves the cases that are played, in their order. Whether one is drawn depends on its
    /// identifier, the seed, and which other identifiers there are; not on their order.
    pub(in crate::datasets) fn keep_cases<T>(
        &self,
        cases: &mut Vec<T>,
        identifier: impl Fn(&T) -> &str,
    ) {
        let Some(Cases::Sample { count, seed }) = self.cases else {
            return;
        };
        let lots = cases.iter().map(|case| lot(seed, identifier(case), None));
        let drawn = draw(lots.collect(), count);
        let mut drawn = drawn.into_iter();
        cases.retain(|_| drawn.next().unwrap_or(false));
    }

    /// Chooses slices of a case, in their order. `areas` has the pixels of each object in each slice,
    /// `[object][slice]`. Objects below `min_pixels` are not seen.
    pub(in crate::datasets) fn choose(&self, case: &str, areas: &[Vec<usize>]) -> Vec<Chosen> {
        let slices = areas.first().map_or(0, Vec::len);
        let least = self.least();
        let candidates: Vec<Chosen> = (0..slices)
            .map(|slice| Chosen {
                slice,
                objects: (0..areas.len())
                    .filter(|&object| areas[object][slice] >= least)
                    .collect(),
            })
            .filter(|chosen| !chosen.objects.is_empty())
            .collect();
        match self.slices.unwrap_or_default() {
            Slices::WithObject => candidates,
            Slices::Every(step) => candidates
                .into_iter()
                .step_by(step.get() as usize)
                .collect(),
            Slices::Largest => largest(candidates, areas),
            Slices::Sample { count, seed } => {
                let lots = candidates
                    .iter()
                    .map(|chosen| lot(seed, case, Some(chosen.slice)));
                let drawn = draw(lots.collect(), count);
                candidates
                    .into_iter()
                    .zip(drawn)
                    .filter_map(|(chosen, is_drawn)| is_drawn.then_some(chosen))
                    .collect()
            }
        }
    }
}

/// Leaves each object only where it is largest.
fn largest(mut candidates: Vec<Chosen>, areas: &[Vec<usize>]) -> Vec<Chosen> {
    let best: Vec<Option<usize>> = areas
        .iter()
        .map(|areas| {
            let most = areas.iter().max()?;
            areas.iter().position(|area| area == most)
        })
        .collect();
    for chosen in &mut candidates {
        let slice = chosen.slice;
        chosen.objects.retain(|&object| best[object] == Some(slice));
    }
    candidates.retain(|chosen| !chosen.objects.is_empty());
    candidates
}

/// The lot of a case or of a slice of it; the smallest are drawn.
fn lot(seed: u64, case: &str, slice: Option<usize>) -> [u32; 2] {
    let mut draws = Keyed::new(&DrawKey {
        seed,
        dataset: "",
        case,
        slice: slice.unwrap_or(0),
        object: if slice.is_some() { "slice" } else { "case" },
        repeat: 0,
        // Prompts are drawn from 1 on.
        round: 0,
    });
    [draws.next_u32(), draws.next_u32()]
}

/// Says which have the `count` smallest lots.
fn draw(lots: Vec<[u32; 2]>, count: Count) -> Vec<bool> {
    let mut order: Vec<usize> = (0..lots.len()).collect();
    order.sort_by_key(|&index| lots[index]);
    let mut drawn = vec![false; lots.len()];
    for index in order.into_iter().take(count.get() as usize) {
        drawn[index] = true;
    }
    drawn
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(number: u32) -> Count {
        Count::try_from(number).expect("in range")
    }

    fn chosen(slices: Slices, min_pixels: u32, areas: &[Vec<usize>]) -> Vec<(usize, Vec<usize>)> {
        let preparation = Preparation {
            slices: Some(slices),
            min_pixels: Some(min_pixels),
            ..Preparation::default()
        };
        let chosen = preparation.choose("case", areas).into_iter();
        chosen.map(|one| (one.slice, one.objects)).collect()
    }

    #[test]
    fn slices_are_chosen_among_those_with_an_object() {
        let areas = [vec![0, 5, 9, 9, 1, 0, 0], vec![0, 0, 0, 2, 3, 4, 0]];
        let all = [
            (1, vec![0]),
            (2, vec![0]),
            (3, vec![0, 1]),
            (4, vec![0, 1]),
            (5, vec![1]),
        ];
        assert_eq!(chosen(Slices::WithObject, 0, &areas), all);
        assert_eq!(
            chosen(Slices::Every(count(2)), 0, &areas),
            [all[0].clone(), all[2].clone(), all[4].clone()]
        );
        assert_eq!(
            chosen(Slices::Largest, 1, &areas),
            [(2, vec![0]), (5, vec![1])]
        );
        assert_eq!(
            chosen(Slices::WithObject, 4, &areas),
            [(1, vec![0]), (2, vec![0]), (3, vec![0]), (5, vec![1])]
        );
        assert_eq!(chosen(Slices::Largest, 5, &areas), [(2, vec![0])]);
        assert_eq!(chosen(Slices::WithObject, 10, &areas), []);
        assert_eq!(chosen(Slices::Largest, 0, &[]), []);
    }

    #[test]
    fn seeds_draw_differently_and_evenly() {
        let areas = [vec![1; 10]];
        let mut times = [0; 10];
        for seed in 0..500 {
            let slices = Slices::Sample {
                count: count(3),
                seed,
            };
            let drawn = chosen(slices, 1, &areas);
            assert_eq!(drawn.len(), 3);
            for (slice, _) in drawn {
                times[slice] += 1;
            }
        }
        // Five standard deviations of a binomial(500, 3/10).
        assert!(
            times.iter().all(|&times: &i32| (times - 150).abs() < 52),
            "{times:?}"
        );
    }

    proptest! {
        #[test]
        fn a_sample_does_not_depend_on_the_order(
            names in prop::collection::btree_set("[a-z]{1,4}", 1..30),
            number in 1..10_u32,
            seed: u64,
        ) {
            let preparation = Preparation {
                cases: Some(Cases::Sample { count: count(number), seed }),
                ..Preparation::default()
            };
            let mut cases: Vec<String> = names.into_iter().collect();
            let mut reversed: Vec<String> = cases.iter().rev().cloned().collect();
            let all = cases.len();
            preparation.keep_cases(&mut cases, |name| name);
            preparation.keep_cases(&mut reversed, |name| name);
            reversed.reverse();
            prop_assert_eq!(cases.len(), all.min(number as usize));
            prop_assert_eq!(cases, reversed);
        }
    }
}
