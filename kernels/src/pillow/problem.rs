//! Sizes and weights. See [`longest_side`] and [`Taps`].

/// Pillow's fixed point: 32 bits less 8 of the pixel and 2 for the sign and the sum.
pub(super) const FRACTION_BITS: u32 = 22;

/// One half in fixed point: added before the shift, so that the shift rounds.
pub(super) const HALF: i32 = 1 << (FRACTION_BITS - 1);

/// Returns the `[height, width]` at which the longer side is `target` and the ratio is kept:
/// SAM's `ResizeLongestSide`.
///
/// Halves are rounded up; a side can become 0 where the other is more than twice `target` longer.
pub fn longest_side([height, width]: [usize; 2], target: usize) -> [usize; 2] {
    let scale = target as f64 / height.max(width) as f64;
    [height, width].map(|side| (side as f64 * scale + 0.5) as usize)
}

/// Which inputs make one output, along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taps {
    /// The first input.
    pub(super) start: usize,
    /// The weights from the first input on, in fixed point.
    pub(super) weights: Vec<i32>,
}

/// Returns the inputs of every output, in the order and rounding of Pillow's `precompute_coeffs`
/// and `normalize_coeffs_8bpc`.
pub(super) fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    // Half the width of the triangle, in inputs: what enlarges interpolates, what shrinks averages.
    let support = scale.max(1.0);
    (0..to)
        .map(|output| {
            let centre = (output as f64 + 0.5) * scale;
            // Casts truncate, and negative numbers become 0.
            let start = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(from);
            let weights: Vec<f64> = (start..end)
                .map(|input| {
                    // In Pillow's order of operations: the sum is rounded from the left.
                    let offset = (input as f64 - centre + 0.5) * (1.0 / support);
                    (1.0 - offset.abs()).max(0.0)
                })
                .collect();
            let sum: f64 = weights.iter().sum();
            let fixed = |weight| (0.5 + weight / sum * f64::from(1 << FRACTION_BITS)) as i32;
            Taps {
                start,
                weights: weights.into_iter().map(fixed).collect(),
            }
        })
        .collect()
}

/// Returns the pixel of a sum that began with [`HALF`].
pub(super) fn pixel(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}
