//! A generator keyed by what is drawn for. See [`Keyed`].

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

use super::Draw;

/// What a draw is for. The model and the strategy are no part of it: they meet the same chances.
#[derive(Clone, Copy, Debug)]
pub struct DrawKey<'a> {
    /// The scenario's seed.
    pub seed: u64,
    /// The dataset's name.
    pub dataset: &'a str,
    /// The case's identifier.
    pub case: &'a str,
    /// Index along the slicing axis.
    pub slice: usize,
    /// The object's name.
    pub object: &'a str,
    /// Which playing of the trial, from 0.
    pub repeat: u32,
    /// Which prompt of the trial, from 1.
    pub round: u32,
}

/// A stream of its own for each [`DrawKey`] (`ChaCha8`), so that a draw depends on
/// nothing drawn elsewhere.
#[derive(Clone, Debug)]
pub struct Keyed(ChaCha8Rng);

impl Keyed {
    /// Begins the key's stream. Texts are length-prefixed: no two keys share one.
    pub fn new(key: &DrawKey<'_>) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("engine 2026 random draws v1");
        for number in [
            key.seed,
            key.slice as u64,
            key.repeat.into(),
            key.round.into(),
        ] {
            hasher.update(&number.to_le_bytes());
        }
        for text in [key.dataset, key.case, key.object] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }
}

impl Draw for Keyed {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: DrawKey<'_> = DrawKey {
        seed: 1,
        dataset: "chest",
        case: "a",
        slice: 0,
        object: "lungs",
        repeat: 0,
        round: 1,
    };

    #[test]
    fn every_part_of_the_key_matters() {
        let keys = [
            KEY,
            DrawKey { seed: 2, ..KEY },
            DrawKey {
                dataset: "chesta",
                case: "",
                ..KEY
            },
            DrawKey { case: "b", ..KEY },
            DrawKey { slice: 1, ..KEY },
            DrawKey {
                object: "heart",
                ..KEY
            },
            DrawKey { repeat: 1, ..KEY },
            DrawKey { round: 2, ..KEY },
        ];
        let firsts: std::collections::BTreeSet<_> =
            keys.iter().map(|key| Keyed::new(key).next_u32()).collect();
        assert_eq!(firsts.len(), keys.len());
        assert_eq!(Keyed::new(&KEY).next_u32(), Keyed::new(&KEY).next_u32());
    }

    #[test]
    fn draws_are_spread_evenly() {
        let mut draw = Keyed::new(&KEY);
        let mut counts = [0u32; 5];
        for _ in 0..5000 {
            counts[draw.below(5)] += 1;
        }
        // Five standard deviations of a binomial(5000, 1/5).
        assert!(
            counts.iter().all(|&count| count.abs_diff(1000) < 142),
            "{counts:?}"
        );
    }
}
