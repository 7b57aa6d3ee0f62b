//! What OpenCV does where a side grows. See [`interpolate`].

use rayon::prelude::*;

/// Weights are fixed-point numbers of 11 bits.
const ONE: f32 = 2048.0;

/// Two neighbours on a line, and how much each weighs.
struct Taps {
    places: [usize; 2],
    weights: [i32; 2],
}

/// Returns the image with each pixel between two along each side.
pub(super) fn interpolate(
    image: &[u8],
    [from_height, from_width]: [usize; 2],
    [height, width]: [usize; 2],
    channels: usize,
) -> Vec<u8> {
    let (rows, columns) = (taps(from_height, height), taps(from_width, width));
    let line = from_width * channels;
    let mut resized = vec![0; height * width * channels];
    resized
        .par_chunks_mut(width * channels)
        .zip(&rows)
        .for_each(|(out, row)| {
            for (index, out) in out.iter_mut().enumerate() {
                let (column, channel) = (&columns[index / channels], index % channels);
                let between = |y: usize| {
                    let pixel = |k: usize| {
                        i32::from(image[y * line + column.places[k] * channels + channel])
                    };
                    column.weights[0] * pixel(0) + column.weights[1] * pixel(1)
                };
                // The last bits are dropped step by step, as OpenCV's vectors of 16 bits do.
                let part = |k: usize| (row.weights[k] * (between(row.places[k]) >> 4)) >> 16;
                *out = ((part(0) + part(1) + 2) >> 2) as u8;
            }
        });
    resized
}

/// Returns between which pixels of a line of `from` those of one of `to` lie.
fn taps(from: usize, to: usize) -> Vec<Taps> {
    let per_pixel = to as f64 / from as f64;
    let scale = 1.0 / per_pixel;
    let tap = |index: usize| {
        let place = (index as f64 * scale).floor() as usize;
        let beyond = ((index + 1) as f64 - (place + 1) as f64 * per_pixel) as f32;
        let (place, share) = if place + 1 >= from {
            (from - 1, 0.0)
        } else if beyond <= 0.0 {
            (place, 0.0)
        } else {
            (place, beyond - beyond.floor())
        };
        let weight = |share: f32| (share * ONE).round_ties_even() as i32;
        Taps {
            places: [place, (place + 1).min(from - 1)],
            weights: [weight(1.0 - share), weight(share)],
        }
    };
    (0..to).map(tap).collect()
}
