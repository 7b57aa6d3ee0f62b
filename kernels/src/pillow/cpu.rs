//! The two passes, each in parallel over the rows of its result.

use rayon::prelude::*;

use super::problem::{HALF, Taps, pixel, taps};

/// Rows per task: enough work to be worth handing over.
const ROWS: usize = 16;

/// Resizes each row of `from` pixels to `to` pixels.
pub(super) fn along_rows(image: &[u8], from: usize, to: usize, channels: usize) -> Vec<u8> {
    let taps = taps(from, to);
    let height = image.len() / (from * channels);
    let mut resized = vec![0; height * to * channels];
    resized
        .par_chunks_mut(to * channels)
        .zip(image.par_chunks(from * channels))
        .with_min_len(ROWS)
        .for_each(|(to, from)| match channels {
            // The channels of a pixel are summed side by side: their number must be known.
            1 => row::<1>(from, to, &taps),
            3 => row::<3>(from, to, &taps),
            4 => row::<4>(from, to, &taps),
            _ => row_of_any(from, to, &taps, channels),
        });
    resized
}

fn row<const CHANNELS: usize>(from: &[u8], to: &mut [u8], taps: &[Taps]) {
    let (from, _) = from.as_chunks::<CHANNELS>();
    let (to, _) = to.as_chunks_mut::<CHANNELS>();
    for (to, Taps { start, weights }) in to.iter_mut().zip(taps) {
        let mut sums = [HALF; CHANNELS];
        for (weight, from) in weights.iter().zip(&from[*start..]) {
            for (sum, &from) in sums.iter_mut().zip(from) {
                *sum += weight * i32::from(from);
            }
        }
        *to = sums.map(pixel);
    }
}

fn row_of_any(from: &[u8], to: &mut [u8], taps: &[Taps], channels: usize) {
    for (to, Taps { start, weights }) in to.chunks_mut(channels).zip(taps) {
        for (channel, to) in to.iter_mut().enumerate() {
            let inputs = from[start * channels + channel..].iter().step_by(channels);
            let terms = weights.iter().zip(inputs);
            *to = pixel(HALF + terms.map(|(w, &from)| w * i32::from(from)).sum::<i32>());
        }
    }
}

/// Resizes each column of `from` values to `to` values; a row has `stride` values.
pub(super) fn along_columns(image: &[u8], from: usize, to: usize, stride: usize) -> Vec<u8> {
    let taps = taps(from, to);
    let mut resized = vec![0; to * stride];
    resized
        .par_chunks_mut(stride)
        .zip(&taps)
        .with_min_len(ROWS)
        .for_each_init(
            || vec![0; stride],
            |sums, (to, Taps { start, weights })| {
                sums.fill(HALF);
                for (weight, from) in weights.iter().zip(image[start * stride..].chunks(stride)) {
                    for (sum, &from) in sums.iter_mut().zip(from) {
                        *sum += weight * i32::from(from);
                    }
                }
                for (to, &sum) in to.iter_mut().zip(sums.iter()) {
                    *to = pixel(sum);
                }
            },
        );
    resized
}
