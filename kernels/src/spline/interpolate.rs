//! The spline at the centres of the result's pixels. See [`interpolate`].

use rayon::prelude::*;

use super::{CHANNELS, mirrored};

/// Coefficients that a value depends on along each axis.
const TAPS: usize = 4;

/// Which coefficients make one value along an axis, and how much each weighs.
struct Taps {
    places: [usize; TAPS],
    weights: [f64; TAPS],
}

/// Returns the spline's value at each pixel of the result, as `pixel` makes a byte of it.
pub(super) fn interpolate(
    coefficients: &[f64],
    from: [usize; 2],
    to: [usize; 2],
    pixel: impl Fn(f64) -> u8 + Sync,
) -> Vec<u8> {
    let [rows, columns] = [0, 1].map(|side| taps(from[side], to[side]));
    let channels: [Taps; CHANNELS] = std::array::from_fn(|channel| tap(channel as f64, CHANNELS));
    let line = from[1] * CHANNELS;
    let mut resized = vec![0; to[0] * to[1] * CHANNELS];
    resized
        .par_chunks_mut(to[1] * CHANNELS)
        .zip(&rows)
        .for_each_init(
            || vec![0.0; TAPS * line],
            |weighted, (out, row)| {
                // A term is coefficient × row's × column's × channel's weight; the first product
                // is the same for all pixels of the row.
                for ((weighted, place), weight) in
                    weighted.chunks_mut(line).zip(row.places).zip(row.weights)
                {
                    for (value, coefficient) in
                        weighted.iter_mut().zip(&coefficients[place * line..])
                    {
                        *value = coefficient * weight;
                    }
                }
                let (out, _) = out.as_chunks_mut::<CHANNELS>();
                for (out, column) in out.iter_mut().zip(&columns) {
                    *out = sum(weighted, line, column, &channels).map(&pixel);
                }
            },
        );
    resized
}

/// Adds the terms of a pixel, channels innermost.
fn sum(
    weighted: &[f64],
    line: usize,
    column: &Taps,
    channels: &[Taps; CHANNELS],
) -> [f64; CHANNELS] {
    let mut sums = [0.0; CHANNELS];
    for row in weighted.chunks_exact(line) {
        for (place, weight) in column.places.into_iter().zip(column.weights) {
            let values: [f64; CHANNELS] =
                std::array::from_fn(|channel| row[place * CHANNELS + channel] * weight);
            for (sum, taps) in sums.iter_mut().zip(channels) {
                for (place, weight) in taps.places.into_iter().zip(taps.weights) {
                    *sum += values[place] * weight;
                }
            }
        }
    }
    sums
}

/// Returns what the values along a resized side depend on.
fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let place = |index: usize| (index as f64 + 0.5) * scale - 0.5;
    (0..to).map(|index| tap(place(index), from)).collect()
}

/// Returns what the value at a place of a line of that length depends on.
fn tap(place: f64, length: usize) -> Taps {
    // A place is at most half a pixel beyond the ends; after the last, the taps are mirrored.
    let place = if length == 1 { 0.0 } else { place.abs() };
    let first = place.floor() as isize - 1;
    let x = place - place.floor();
    let z = 1.0 - x;
    let weight = |x: f64| (x * x * (x - 2.0) * 3.0 + 4.0) / 6.0;
    let weights = [z * z * z / 6.0, weight(x), weight(z)];
    let rest = weights.iter().fold(1.0, |rest, weight| rest - weight);
    Taps {
        places: std::array::from_fn(|tap| mirrored(first + tap as isize, length)),
        weights: [weights[0], weights[1], weights[2], rest],
    }
}
