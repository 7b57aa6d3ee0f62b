//! Which cases are to be played. See [`Agenda`].

use fixedbitset::FixedBitSet;

use crate::{datasets::Dataset, runs::Shard};

/// Cases of several datasets, one bit each: a million of them take an eighth of a megabyte.
#[derive(Clone, Debug)]
pub struct Agenda {
    /// The number of each dataset's first case among those of all.
    firsts: Vec<usize>,
    wanted: FixedBitSet,
}

impl Agenda {
    /// Starts with the cases of a shard, or with all.
    pub fn new(datasets: &[Box<dyn Dataset>], shard: Option<Shard>) -> Self {
        let mut firsts = Vec::with_capacity(datasets.len());
        let mut wanted = FixedBitSet::new();
        for dataset in datasets {
            let first = wanted.len();
            firsts.push(first);
            wanted.grow(first + dataset.case_count());
            match shard {
                None => wanted.insert_range(first..),
                Some(shard) => {
                    for (number, case) in (first..).zip(dataset.cases()) {
                        wanted.set(number, shard.holds(dataset.name(), &case.id));
                    }
                }
            }
        }
        Self { firsts, wanted }
    }

    /// Takes a case out.
    pub fn remove(&mut self, dataset: usize, case: usize) {
        self.wanted.remove(self.firsts[dataset] + case);
    }

    /// Returns how many cases there are.
    pub fn len(&self) -> usize {
        self.wanted.count_ones(..)
    }

    /// Says whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_clear()
    }

    /// Returns the cases as (dataset, case), in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        self.wanted.ones().map(|number| {
            let dataset = self.firsts.partition_point(|&first| first <= number) - 1;
            (dataset, number - self.firsts[dataset])
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::ScenarioFile;

    /// Opens phantoms, as many as `counts` say.
    fn datasets(counts: &[u32]) -> Vec<Box<dyn Dataset>> {
        let declared = counts.iter().enumerate().map(|(number, cases)| {
            format!(r#"phantoms(name: "d{number}", modality: chest_xray, cases: {cases})"#)
        });
        let declared = declared.collect::<Vec<_>>().join(", ");
        let text = format!(
            r#"(name: "a", seed: 1, datasets: [{declared}], models: ["geodesic"],
                strategies: [(name: "b", first: [box(object)])])"#
        );
        let file = ScenarioFile::parse(text, Path::new("a.ron")).expect("it is valid");
        let specs = file.scenario.datasets.iter();
        let opened = specs.map(|spec| spec.open(Path::new("")).expect("they need no file"));
        opened.collect()
    }

    #[test]
    fn cases_come_in_order_until_they_are_taken_out() {
        let datasets = datasets(&[2, 1, 3]);
        let mut agenda = Agenda::new(&datasets, None);
        assert_eq!(agenda.len(), 6);
        for (dataset, id) in [(0, "000001"), (1, "000000"), (2, "000002"), (2, "000003")] {
            for case in datasets[dataset].find(id) {
                agenda.remove(dataset, case);
            }
        }
        let left: Vec<_> = agenda.iter().collect();
        assert_eq!(left, [(0, 0), (2, 0), (2, 1)]);
        for (dataset, case) in left {
            agenda.remove(dataset, case);
        }
        assert!(agenda.is_empty());
    }

    #[test]
    fn shards_share_the_cases_out() {
        let datasets = datasets(&[40, 7]);
        let shards = (1..=3).map(|index| format!("{index}/3").parse().expect("a part"));
        let mut all = Vec::new();
        for shard in shards {
            all.extend(Agenda::new(&datasets, Some(shard)).iter());
        }
        all.sort_unstable();
        assert!(Agenda::new(&datasets, None).iter().eq(all));
    }
}
