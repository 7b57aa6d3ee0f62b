//! From values to the coefficients of the spline through them. See [`filter`].

use rayon::prelude::*;

use super::CHANNELS;

/// The pole of the cubic B-spline's inverse, √3 - 2.
const POLE: f64 = -0.267_949_192_431_122_7;

/// Turns the values of `[height, width, 3]` into coefficients, along the columns, the rows and the
/// channels.
pub(super) fn filter(values: &mut [f64], [height, width]: [usize; 2]) {
    let line = width * CHANNELS;
    filter_groups(values, height, line);
    values.par_chunks_mut(line).for_each(|row| {
        filter_groups(row, width, CHANNELS);
        for pixel in row.chunks_mut(CHANNELS) {
            filter_groups(pixel, CHANNELS, 1);
        }
    });
}

/// Filters `length` groups of `size` numbers: one line each for the first numbers of all groups,
/// for the second, and so on.
fn filter_groups(values: &mut [f64], length: usize, size: usize) {
    if length == 1 {
        return;
    }
    let gain = (1.0 - POLE) * (1.0 - 1.0 / POLE);
    for value in values.iter_mut() {
        *value *= gain;
    }
    start(values, length, size);
    for group in 1..length {
        let (before, from) = values.split_at_mut(group * size);
        let before = &before[(group - 1) * size..];
        for (value, before) in from[..size].iter_mut().zip(before) {
            *value += POLE * before;
        }
    }
    let (before, last) = values.split_at_mut((length - 1) * size);
    let before = &before[(length - 2) * size..];
    for (value, before) in last.iter_mut().zip(before) {
        *value = (POLE * before + *value) * POLE / (POLE * POLE - 1.0);
    }
    for group in (0..length - 1).rev() {
        let (values, after) = values.split_at_mut((group + 1) * size);
        for (value, after) in values[group * size..].iter_mut().zip(after) {
            *value = POLE * (*after - *value);
        }
    }
}

/// Gives the first group what the mirrored line before it would have left.
fn start(values: &mut [f64], length: usize, size: usize) {
    let (first, others) = values.split_at_mut(size);
    let group = |index: usize| &others[(index - 1) * size..][..size];
    let around = libm::pow(POLE, (length - 1) as f64);
    for (value, last) in first.iter_mut().zip(group(length - 1)) {
        *value += around * last;
    }
    let mut power = POLE;
    for index in 1..length - 1 {
        // Past some hundred groups nothing is left of them.
        if power == 0.0 {
            break;
        }
        let mirror = length - 1 - index;
        for ((value, near), far) in first.iter_mut().zip(group(index)).zip(group(mirror)) {
            *value += power * (near + around * far);
        }
        power *= POLE;
    }
    for value in first {
        *value /= 1.0 - around * around;
    }
}
