//! NumPy's legacy generator, for studies that were drawn with it. See [`Legacy`].

use super::Draw;

/// Words of state.
const N: usize = 624;
/// The word that is mixed in.
const M: usize = 397;

/// The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded and drawn from as
/// `numpy.random.RandomState(seed)` is.
#[derive(Clone, Debug)]
pub struct Legacy {
    state: [u32; N],
    next: usize,
}

impl Legacy {
    /// Seeds the state with the authors' `init_genrand`.
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; N];
        for i in 1..N {
            let last = state[i - 1];
            state[i] = 1_812_433_253u32
                .wrapping_mul(last ^ (last >> 30))
                .wrapping_add(i as u32);
        }
        Self { state, next: N }
    }

    /// Makes the next 624 words.
    fn twist(&mut self) {
        for i in 0..N {
            let word = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if word & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (word >> 1) ^ odd;
        }
        self.next = 0;
    }
}

impl Draw for Legacy {
    fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.twist();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_one_draws_what_numpy_draws() {
        let mut draw = Legacy::new(1);
        let drawn = [1, 2, 3, 5, 4, 1, 7, 2, 9, 16, 3].map(|count| draw.below(count));
        assert_eq!(drawn, [0, 1, 0, 0, 3, 0, 1, 1, 5, 15, 0]);
        let mut raw = Legacy::new(1);
        let words = [(); 4].map(|()| raw.next_u32());
        assert_eq!(
            words,
            [1_791_095_845, 4_282_876_139, 3_093_770_124, 4_005_303_368]
        );
    }
}
