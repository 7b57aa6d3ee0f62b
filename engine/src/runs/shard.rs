//! A part of a run's cases, for one of several machines. See [`Shard`].

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};

/// The most shards a run is divided into.
const MOST: u32 = 100_000;

/// One of several parts of a run, written `7/200`: the seventh of two hundred.
///
/// A case belongs to a shard by a hash of its dataset's name and its own identifier: whatever the
/// machine and the order, and as evenly as chance has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: NonZeroU32,
    count: NonZeroU32,
}

impl Shard {
    /// Returns which part it is, from 1.
    pub fn index(self) -> u32 {
        self.index.get()
    }

    /// Returns how many parts there are.
    pub fn count(self) -> u32 {
        self.count.get()
    }

    /// Says whether a case belongs to it.
    pub fn holds(self, dataset: &str, case: &str) -> bool {
        let mut hash = blake3::Hasher::new();
        // A length before the text, so that no two pairs are written alike.
        hash.update(&(dataset.len() as u64).to_le_bytes());
        hash.update(dataset.as_bytes()).update(case.as_bytes());
        let bytes = *hash.finalize().as_bytes();
        let number = bytes[..8]
            .iter()
            .fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        number % u64::from(self.count()) == u64::from(self.index() - 1)
    }

    /// Returns the name of its folder, `7-of-200`.
    pub fn folder(self) -> String {
        format!("{}-of-{}", self.index, self.count)
    }

    /// Returns the shard whose folder has this name.
    pub fn of_folder(name: &str) -> Option<Self> {
        let shard: Self = name.replacen("-of-", "/", 1).parse().ok()?;
        (shard.folder() == name).then_some(shard)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// A text is no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of several parts, as 7/200: from 1/N to N/N, N at most {MOST}")]
pub struct ShardError;

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (index, count) = text.split_once('/').ok_or(ShardError)?;
        let number = |text: &str| text.parse::<NonZeroU32>().map_err(|_| ShardError);
        let (index, count) = (number(index)?, number(count)?);
        if index > count || count.get() > MOST {
            return Err(ShardError);
        }
        Ok(Self { index, count })
    }
}

impl TryFrom<String> for Shard {
    type Error = ShardError;

    fn try_from(text: String) -> Result<Self, ShardError> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_they_are_written() {
        for text in ["1/1", "7/200", "100000/100000"] {
            let shard: Shard = text.parse().expect("a part");
            assert_eq!(shard.to_string(), text);
            assert_eq!(Shard::of_folder(&shard.folder()), Some(shard));
        }
        for text in [
            "", "7", "0/3", "4/3", "1/0", "1/2/3", "-1/2", "1/100001", "a/b",
        ] {
            assert_eq!(text.parse::<Shard>(), Err(ShardError), "{text}");
        }
        for name in ["7/200", "07-of-200", "7-of-200.old", "..", "1-of-"] {
            assert_eq!(Shard::of_folder(name), None, "{name}");
        }
    }

    #[test]
    fn every_case_is_in_one_shard_and_shards_are_even() {
        const COUNT: u32 = 8;
        let mut held = [0; COUNT as usize];
        for case in 0..4000 {
            let case = format!("patient {case:05}");
            let holds = |index: &u32| {
                let shard: Shard = format!("{}/{COUNT}", index + 1).parse().expect("a part");
                shard.holds("chest", &case)
            };
            let holders: Vec<_> = (0..COUNT).filter(holds).collect();
            assert_eq!(holders.len(), 1, "{case}");
            held[holders[0] as usize] += 1;
        }
        // 500 expected each; five standard deviations of a binomial are 105.
        assert!(
            held.iter().all(|held| (395..=605).contains(held)),
            "{held:?}"
        );
    }

    #[test]
    fn a_case_keeps_its_shard_from_version_to_version() {
        let holder = |case| {
            (1..=200).find(|index| {
                let shard: Shard = format!("{index}/200").parse().expect("a part");
                shard.holds("chest", case)
            })
        };
        // Computed with another implementation of BLAKE3.
        let found = ["0001", "0002", "a/b"].map(holder);
        assert_eq!(found, [Some(113), Some(106), Some(151)]);
    }
}
