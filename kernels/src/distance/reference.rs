//! What the distances must be, written to be read.

use ndarray::{Array2, ArrayView2};

use super::Metric;
use super::problem::{CHAMFER3, CHAMFER5, Steps};

/// Returns the distance of each pixel to the nearest one outside the mask. See [`super::distance`].
pub fn distance(mask: ArrayView2<bool>, metric: Metric, border_is_background: bool) -> Array2<f32> {
    let (height, width) = mask.dim();
    let ring = usize::from(border_is_background);
    let padded = Array2::from_shape_fn((height + 2 * ring, width + 2 * ring), |(y, x)| {
        let pixel = (y.wrapping_sub(ring), x.wrapping_sub(ring));
        mask.get(pixel).is_some_and(|&inside| inside)
    });
    let distances = match metric {
        Metric::Chamfer3 => two_passes(&padded, CHAMFER3),
        Metric::Chamfer5 => two_passes(&padded, CHAMFER5),
        Metric::Exact => brute_force(&padded),
    };
    Array2::from_shape_fn((height, width), |(y, x)| distances[[y + ring, x + ring]])
}

/// The distance to every outside pixel, one by one.
fn brute_force(mask: &Array2<bool>) -> Array2<f32> {
    Array2::from_shape_fn(mask.dim(), |(y, x)| {
        mask.indexed_iter()
            .filter(|&(_, &inside)| !inside)
            .map(|((v, u), _)| y.abs_diff(v).pow(2) + x.abs_diff(u).pow(2))
            .min()
            .map_or(f32::INFINITY, |squared| (squared as f64).sqrt() as f32)
    })
}

/// Ways from above and left in raster order, then ways from below and right in the opposite one.
fn two_passes(mask: &Array2<bool>, steps: Steps) -> Array2<f32> {
    let Steps {
        axis,
        diagonal,
        knight,
    } = steps;
    let before = [
        (-2, -1, knight),
        (-2, 1, knight),
        (-1, -2, knight),
        (-1, -1, diagonal),
        (-1, 0, axis),
        (-1, 1, diagonal),
        (-1, 2, knight),
        (0, -1, axis),
    ];
    let mut distances = mask.mapv(|inside| if inside { f32::INFINITY } else { 0.0 });
    let order: Vec<_> = mask.indexed_iter().map(|(pixel, _)| pixel).collect();
    let mut relax = |(y, x): (usize, usize), sign: isize| {
        for (dy, dx, length) in before {
            let neighbour = (
                y.wrapping_add_signed(sign * dy),
                x.wrapping_add_signed(sign * dx),
            );
            if let Some(&distance) = distances.get(neighbour) {
                let way = distance + length;
                if way < distances[[y, x]] {
                    distances[[y, x]] = way;
                }
            }
        }
    };
    for &pixel in &order {
        relax(pixel, 1);
    }
    for &pixel in order.iter().rev() {
        relax(pixel, -1);
    }
    distances
}
