//! Seeded inputs. See [`Numbers`].

/// What inputs consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Uniform in [−1, 1).
    Plain,
    /// The same with NaN, infinities, zeros of both signs and denormals among them.
    Poisoned,
}

impl Numbers {
    /// Returns `len` numbers that depend on the seed alone.
    pub(crate) fn inputs(self, seed: u64, len: usize) -> Vec<f32> {
        let mut numbers = uniform(seed, len, 1.0);
        if self == Self::Poisoned {
            let poison = [
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
                0.0,
                -0.0,
                1e-40,
                -3e-45,
            ];
            for (i, number) in numbers.iter_mut().enumerate() {
                let draw = splitmix(seed ^ 0x5eed ^ (i as u64) << 20);
                // Rare enough to leave rows and columns without any.
                if draw.is_multiple_of(41) {
                    *number = poison[(draw / 41) as usize % poison.len()];
                }
            }
        }
        numbers
    }

    /// Returns `len` weights for sums of `terms`, so that results have magnitude 1.
    pub(crate) fn weights(seed: u64, len: usize, terms: usize) -> Vec<f32> {
        uniform(seed, len, (3.0 / terms.max(1) as f32).sqrt())
    }
}

/// Returns at most 24 of `rows` rows: both ends and some between, which differ from seed to seed.
pub(crate) fn sampled(seed: u64, rows: usize) -> Vec<usize> {
    if rows <= 24 {
        return (0..rows).collect();
    }
    let mut sample: Vec<_> = [0, 1, rows - 2, rows - 1].into();
    sample.extend((0..20).map(|i| (splitmix(seed ^ i << 32) % rows as u64) as usize));
    sample
}

fn uniform(seed: u64, len: usize, scale: f32) -> Vec<f32> {
    (0..len as u64)
        .map(|i| {
            let bits = splitmix((seed << 40) ^ i) >> 40;
            (bits as f32 / 8_388_608.0 - 1.0) * scale
        })
        .collect()
}

/// The output function of Steele, Lea and Flood's `SplitMix64` (2014).
fn splitmix(x: u64) -> u64 {
    let z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
