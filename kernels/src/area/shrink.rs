//! Means over rectangles. See [`shrink`].

use rayon::prelude::*;

/// What a pixel of the result takes of a line: where, and how much of each pixel.
struct Taps {
    start: usize,
    weights: Vec<f32>,
}

/// Below this much of a pixel OpenCV leaves it out.
const SLIVER: f64 = 1e-3;

/// Returns the image shrunk along both sides, or kept.
pub(super) fn shrink(
    image: &[u8],
    [from_height, from_width]: [usize; 2],
    [height, width]: [usize; 2],
    channels: usize,
) -> Vec<u8> {
    if from_height.is_multiple_of(height) && from_width.is_multiple_of(width) {
        let block = [from_height / height, from_width / width];
        return whole_blocks(image, block, [height, width], channels);
    }
    let (rows, columns) = (taps(from_height, height), taps(from_width, width));
    let line = from_width * channels;
    let mut resized = vec![0; height * width * channels];
    resized
        .par_chunks_mut(width * channels)
        .zip(&rows)
        .for_each(|(out, row)| {
            let mut sums = vec![0.0; out.len()];
            let lines = image[row.start * line..].chunks_exact(line);
            for (weight, line) in row.weights.iter().zip(lines) {
                for (index, sum) in sums.iter_mut().enumerate() {
                    let (x, channel) = (index / channels, index % channels);
                    *sum += weight * along(line, &columns[x], channel, channels);
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum.round_ties_even() as u8;
            }
        });
    resized
}

/// Returns the weighted sum of a stretch of a line; each product and sum is rounded, as OpenCV's.
fn along(line: &[u8], taps: &Taps, channel: usize, channels: usize) -> f32 {
    let pixels = line[taps.start * channels + channel..].iter();
    let terms = taps.weights.iter().zip(pixels.step_by(channels));
    terms.fold(0.0, |sum, (weight, &pixel)| sum + weight * f32::from(pixel))
}

/// Returns how much of each pixel of a line of `from` the pixels of one of `to` cover.
fn taps(from: usize, to: usize) -> Vec<Taps> {
    // As OpenCV rounds it.
    let scale = 1.0 / (to as f64 / from as f64);
    let tap = |index: usize| {
        let (first, last) = (index as f64 * scale, index as f64 * scale + scale);
        let covered = scale.min(from as f64 - first);
        let end = (last.floor() as usize).min(from - 1);
        let start = (first.ceil() as usize).min(end);
        let mut weights = Vec::with_capacity(end - start + 2);
        let before = start as f64 - first;
        if before > SLIVER {
            weights.push((before / covered) as f32);
        }
        let taps_before = weights.len();
        weights.extend((start..end).map(|_| (1.0 / covered) as f32));
        let after = last - end as f64;
        if after > SLIVER {
            weights.push((after.min(1.0).min(covered) / covered) as f32);
        }
        Taps {
            start: start - taps_before,
            weights,
        }
    };
    (0..to).map(tap).collect()
}

/// Returns the means over blocks of whole pixels.
fn whole_blocks(
    image: &[u8],
    [block_height, block_width]: [usize; 2],
    [height, width]: [usize; 2],
    channels: usize,
) -> Vec<u8> {
    let line = width * block_width * channels;
    let weight = 1.0 / (block_height * block_width) as f32;
    let mean = |sum: u32| match (block_height, block_width) {
        // Half is rounded up here, and to even elsewhere.
        (2, 2) => (sum + 2) >> 2,
        _ => (sum as f32 * weight).round_ties_even() as u32,
    };
    let mut resized = vec![0; height * width * channels];
    resized
        .par_chunks_mut(width * channels)
        .zip(image.par_chunks_exact(block_height * line))
        .for_each(|(out, lines)| {
            for (index, out) in out.iter_mut().enumerate() {
                let (x, channel) = (index / channels, index % channels);
                let first = x * block_width * channels + channel;
                let stretches = lines.chunks_exact(line).map(|line| {
                    let pixels = line[first..].iter().step_by(channels);
                    pixels.take(block_width).map(|&p| u32::from(p)).sum::<u32>()
                });
                *out = mean(stretches.sum()) as u8;
            }
        });
    resized
}
