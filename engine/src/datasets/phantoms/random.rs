//! The keyed generator behind a phantom. See [`Random`] and [`Texture`].

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{Modality, shape::Point};

/// Draws numbers from a key, so that a case looks the same whatever was drawn before it.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// Starts the stream of one case.
    pub(super) fn for_case(modality: Modality, seed: u64, case: u64) -> Self {
        let mut key = blake3::Hasher::new();
        key.update(b"phantom 1");
        key.update(&[modality as u8]);
        key.update(&seed.to_le_bytes());
        key.update(&case.to_le_bytes());
        Self(ChaCha8Rng::from_seed(*key.finalize().as_bytes()))
    }

    /// Returns a number in [0, 1), all multiples of 2⁻⁵³ equally likely.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number in [`low`, `high`).
    pub(super) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Returns an integer from `low` to `high`, both included.
    pub(super) fn integer(&mut self, low: usize, high: usize) -> usize {
        low + (self.unit() * (high - low + 1) as f64) as usize
    }

    /// Returns a number of mean 0 and variance 1, near enough to normal for noise: the sum of four
    /// uniform ones (Irwin–Hall), which needs no logarithm.
    pub(super) fn normal(&mut self) -> f64 {
        let bits = self.0.next_u64();
        let sum: u64 = (0..4).map(|k| (bits >> (16 * k)) & 0xffff).sum();
        (sum as f64 / 65536.0 - 2.0) * 3_f64.sqrt()
    }

    /// Returns a texture of its own.
    pub(super) fn texture(&mut self) -> Texture {
        Texture(self.0.next_u64())
    }
}

/// Smooth value noise: random numbers on an integer lattice, blended between.
#[derive(Clone, Copy)]
pub(super) struct Texture(u64);

impl Texture {
    /// Returns the noise at a point, in (−1, 1), with details about one unit wide.
    pub(super) fn at(self, p: Point) -> f64 {
        let (x0, y0) = (p.x.floor(), p.y.floor());
        let fade = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let (tx, ty) = (fade(p.x - x0), fade(p.y - y0));
        let corner = |dx: i64, dy: i64| self.lattice(x0 as i64 + dx, y0 as i64 + dy);
        let top = corner(0, 0) + tx * (corner(1, 0) - corner(0, 0));
        let bottom = corner(0, 1) + tx * (corner(1, 1) - corner(0, 1));
        top + ty * (bottom - top)
    }

    /// Returns the sum of `octaves` of noise, each twice as fine and half as strong, in (−2, 2).
    pub(super) fn fractal(self, p: Point, octaves: u32) -> f64 {
        let mut sum = 0.0;
        let (mut scale, mut weight) = (1.0, 1.0);
        for octave in 0..octaves {
            let texture = Self(self.0.wrapping_add(u64::from(octave)));
            sum += weight * texture.at(p * scale);
            scale *= 2.0;
            weight *= 0.5;
        }
        sum
    }

    /// Returns 1 on the winding lines where the noise is zero, falling to 0 away from them.
    pub(super) fn ridges(self, p: Point, octaves: u32) -> f64 {
        (1.0 - 2.0 * self.fractal(p, octaves).abs()).max(0.0)
    }

    /// Returns a point moved by up to `amount`, with details `scale` per unit: bends a shape drawn there.
    pub(super) fn warp(self, p: Point, scale: f64, amount: f64) -> Point {
        let other = Self(self.0 ^ 0x5851_f42d_4c95_7f2d);
        Point {
            x: p.x + amount * self.fractal(p * scale, 2),
            y: p.y + amount * other.fractal(p * scale, 2),
        }
    }

    /// Returns a number in (−1, 1) for one lattice point: the mixing steps of `SplitMix64`.
    fn lattice(self, x: i64, y: i64) -> f64 {
        let mut bits = self
            .0
            .wrapping_add((x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_add((y as u64).wrapping_mul(0xd1b5_4a32_d192_ed03));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
