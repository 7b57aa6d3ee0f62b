//! The Gaussian that an image is smoothed with before it shrinks. See [`smooth`].

use rayon::prelude::*;

use super::{CHANNELS, mirrored};

/// Below this a Gaussian is none.
const NOTHING: f64 = 1e-15;

/// Returns the image, smoothed along the sides that become shorter.
pub(super) fn smooth(image: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<f64> {
    let [height, width] = from;
    let line = width * CHANNELS;
    let [down, along] = [0, 1].map(|side| half_kernel(from[side] as f64 / to[side] as f64));
    let mut values = vec![0.0; height * line];
    values
        .par_chunks_mut(line)
        .enumerate()
        .for_each(|(y, values)| {
            let row = |step: isize| &image[mirrored(y as isize + step, height) * line..][..line];
            for (value, &pixel) in values.iter_mut().zip(row(0)) {
                *value = f64::from(pixel) * down[0];
            }
            // From the outermost pair inwards, as SciPy adds them.
            for (step, weight) in down.iter().enumerate().skip(1).rev() {
                let (above, below) = (row(-(step as isize)), row(step as isize));
                for ((value, &above), &below) in values.iter_mut().zip(above).zip(below) {
                    *value += (f64::from(above) + f64::from(below)) * weight;
                }
            }
            if along.len() > 1 {
                smooth_row(values, &along);
            }
        });
    values
}

/// Smooths a row of pixels in place.
fn smooth_row(row: &mut [f64], half_kernel: &[f64]) {
    let radius = half_kernel.len() - 1;
    let width = row.len() / CHANNELS;
    let reach = radius as isize;
    let padded: Vec<f64> = (-reach..width as isize + reach)
        .flat_map(|x| row[mirrored(x, width) * CHANNELS..][..CHANNELS].to_vec())
        .collect();
    let at = |step: isize| &padded[((reach + step) as usize) * CHANNELS..][..row.len()];
    let mut smoothed: Vec<f64> = at(0).iter().map(|value| value * half_kernel[0]).collect();
    for (step, weight) in half_kernel.iter().enumerate().skip(1).rev() {
        let (before, after) = (at(-(step as isize)), at(step as isize));
        for ((value, before), after) in smoothed.iter_mut().zip(before).zip(after) {
            *value += (before + after) * weight;
        }
    }
    row.copy_from_slice(&smoothed);
}

/// Returns the weights of the middle and of its neighbours on one side, nearest first, for a side
/// that becomes `scale` times shorter.
fn half_kernel(scale: f64) -> Vec<f64> {
    let sigma = ((scale - 1.0) / 2.0).max(0.0);
    if sigma <= NOTHING {
        return vec![1.0];
    }
    let radius = (4.0 * sigma + 0.5) as isize;
    let factor = -0.5 / (sigma * sigma);
    let kernel: Vec<f64> = (-radius..=radius)
        .map(|x| libm::exp(factor * (x * x) as f64))
        .collect();
    let sum = pairwise_sum(&kernel);
    let from_middle = kernel[radius as usize..].iter();
    from_middle.map(|weight| weight / sum).collect()
}

/// Adds numbers in NumPy's order: eight running sums in blocks of 128.
fn pairwise_sum(numbers: &[f64]) -> f64 {
    match numbers.len() {
        0..8 => numbers.iter().sum(),
        8..=128 => {
            let (blocks, rest) = numbers.as_chunks::<8>();
            let mut sums = [0.0; 8];
            for block in blocks {
                for (sum, number) in sums.iter_mut().zip(block) {
                    *sum += number;
                }
            }
            let [a, b, c, d, e, f, g, h] = sums;
            let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
            rest.iter().fold(sum, |sum, number| sum + number)
        }
        length => {
            let (first, second) = numbers.split_at(length / 2 / 8 * 8);
            pairwise_sum(first) + pairwise_sum(second)
        }
    }
}
