//! Parameters and inputs computed from their names, so that any architecture can be tested
//! without a file. See [`Formula`].

use rayon::prelude::*;

use super::{WeightSource, WeightsError};

/// Pseudo-random parameters: element i of the tensor called N is a + b (2u − 1) with
/// u = splitmix64(fnv1a64(prefix + N) + i) in [0, 1); (a, b) depends on what N is, so that
/// activations keep a realistic scale through a deep network.
///
/// The same formula fills the reference implementations, which makes their activations
/// reproducible anywhere. The rule of (a, b) sees the name without the prefix.
#[derive(Debug, Clone, Default)]
pub struct Formula {
    /// Put before every name; another prefix gives another set of parameters.
    pub prefix: String,
}

impl WeightSource for Formula {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let (mean, spread) = mean_and_spread(name, shape);
        let stream = Stream::new(&self.prefix, name);
        Ok(stream.collect(shape.iter().product(), |signed| {
            (mean + spread * signed) as f32
        }))
    }
}

impl Formula {
    /// Returns a formula input: values 2u − 1 in [−1, 1) of the stream called `name`, row-major.
    pub fn signed(&self, name: &str, shape: &[usize]) -> Vec<f32> {
        Stream::new(&self.prefix, name).collect(shape.iter().product(), |signed| signed as f32)
    }

    /// Returns a formula image (1, channels, height, width): [`signed`](Self::signed) noise, plus
    /// 2 inside the disc (8y − 3h)² + (8x − 5w)² ≤ (2 min(h, w))², minus 1 inside the rectangle
    /// 4h ≤ 8y < 7h, w ≤ 8x < 4w; both may apply.
    pub fn picture(&self, name: &str, channels: usize, height: usize, width: usize) -> Vec<f32> {
        let mut pixels = self.signed(name, &[1, channels, height, width]);
        let (h, w) = (height as i64, width as i64);
        let radius = 2 * h.min(w);
        for (index, pixel) in pixels.iter_mut().enumerate() {
            let (y, x) = ((index / width % height) as i64, (index % width) as i64);
            let (dy, dx) = (8 * y - 3 * h, 8 * x - 5 * w);
            let mut value = f64::from(*pixel);
            if dy * dy + dx * dx <= radius * radius {
                value += 2.0;
            }
            if (4 * h..7 * h).contains(&(8 * y)) && (w..4 * w).contains(&(8 * x)) {
                value -= 1.0;
            }
            *pixel = value as f32;
        }
        pixels
    }
}

/// The uniform draws that belong to one name.
#[derive(Clone, Copy)]
struct Stream {
    /// FNV-1a 64 of prefix and name.
    hash: u64,
}

impl Stream {
    fn new(prefix: &str, name: &str) -> Self {
        let hash = prefix
            .bytes()
            .chain(name.bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self { hash }
    }

    /// The top 24 bits of splitmix64, which an f32 holds exactly.
    fn draw(self, index: u64) -> u32 {
        let mut z = self
            .hash
            .wrapping_add(index)
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 40) as u32
    }

    /// Maps the first `count` draws, as 2u − 1. Each depends on its index alone, so threads do
    /// not change the result.
    fn collect(self, count: usize, value: impl Fn(f64) -> f32 + Sync) -> Vec<f32> {
        (0..count)
            .into_par_iter()
            .with_min_len(1 << 14)
            .map(|index| value(2.0 * (f64::from(self.draw(index as u64)) / 16_777_216.0) - 1.0))
            .collect()
    }
}

/// The (a, b) of a tensor; the first rule that matches wins.
fn mean_and_spread(name: &str, shape: &[usize]) -> (f64, f64) {
    let ends_with_any = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if name.ends_with("running_mean") {
        (0.0, 0.1)
    } else if name.ends_with("running_var") {
        (1.0, 0.2)
    } else if name.ends_with("positional_encoding_gaussian_matrix") {
        (0.0, 1.0)
    } else if ends_with_any(&["pos_embed", "rel_pos_h", "rel_pos_w", "attention_biases"]) {
        (0.0, 0.1)
    } else if name.ends_with("maps_transform.3.scale") {
        (4.0, 0.5)
    } else if is_embedding(name) {
        (0.0, 0.5)
    } else if shape.len() <= 1 {
        if name.ends_with("bias") {
            (0.0, 0.02)
        } else {
            (1.0, 0.1)
        }
    } else {
        let fan_in: usize = shape[1..].iter().product();
        (0.0, (3.0 / fan_in as f64).sqrt())
    }
}

/// Whether the name ends in `(_embed|_token|_tokens|point_embeddings.<n>).weight`.
fn is_embedding(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".weight") else {
        return false;
    };
    let without_number = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    ["_embed", "_token", "_tokens"]
        .iter()
        .any(|ending| stem.ends_with(ending))
        || (without_number.len() < stem.len() && without_number.ends_with("point_embeddings."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_start_as_published() {
        // FNV-1a's own test vectors, and the first draws of splitmix64 from there.
        let empty = Stream::new("", "");
        assert_eq!(empty.hash, 0xcbf2_9ce4_8422_2325);
        assert_eq!(empty.draw(0), 12_812_668);
        let a = Stream::new("", "a");
        assert_eq!(a.hash, 0xaf63_dc4c_8601_ec8c);
        assert_eq!([a.draw(0), a.draw(1)], [6_236_610, 12_647_577]);
        assert_eq!(
            Stream::new("gol", "den").hash,
            Stream::new("", "golden").hash
        );
    }

    #[test]
    fn rules_look_at_the_end_of_the_name() {
        let rule = |name: &str| mean_and_spread(name, &[4, 3]);
        assert_eq!(
            rule("prompt_encoder.point_embeddings.12.weight"),
            (0.0, 0.5)
        );
        assert_eq!(rule("point_embeddings.weight"), (0.0, 1.0));
        assert_eq!(rule("mask_decoder.iou_token.weight"), (0.0, 0.5));
        assert_eq!(rule("neck.0.weight"), (0.0, 1.0));
        assert_eq!(mean_and_spread("norm.weight", &[4]), (1.0, 0.1));
        assert_eq!(mean_and_spread("norm.bias", &[4]), (0.0, 0.02));
    }
}
