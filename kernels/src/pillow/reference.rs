//! What resizing must compute, written to be read.

use ndarray::{Array3, ArrayView3};

use super::problem::{HALF, pixel, taps};

/// Returns the image resized to `[height, width]`. See [`super::resize`].
pub fn resize(image: ArrayView3<u8>, [height, width]: [usize; 2]) -> Array3<u8> {
    let (from_height, from_width, channels) = image.dim();
    let across = taps(from_width, width);
    let narrow = Array3::from_shape_fn((from_height, width, channels), |(y, x, c)| {
        weighted(&across[x].weights, |i| image[[y, across[x].start + i, c]])
    });
    let down = taps(from_height, height);
    Array3::from_shape_fn((height, width, channels), |(y, x, c)| {
        weighted(&down[y].weights, |i| narrow[[down[y].start + i, x, c]])
    })
}

fn weighted(weights: &[i32], input: impl Fn(usize) -> u8) -> u8 {
    let terms = weights.iter().enumerate();
    pixel(
        HALF + terms
            .map(|(i, weight)| weight * i32::from(input(i)))
            .sum::<i32>(),
    )
}
