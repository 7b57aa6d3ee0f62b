//! Distance to the nearest of some pixels, on a grid whose rows may lie farther apart than its
//! columns. See [`to_nearest`].

use ndarray::{Array2, ArrayView2, s};

/// Returns the distance of each pixel's centre to that of the nearest marked one; infinite where
/// none is marked.
///
/// `marked` is `[height, width]`, `spacing` the distance between neighbouring rows and between
/// neighbouring columns, both above 0; distances are in its unit. Exact but for the rounding of
/// `f64`: columns first, then the lower envelope of parabolas along each row (Felzenszwalb and
/// Huttenlocher, *Distance Transforms of Sampled Functions*, Theory of Computing 8, 2012, section 2).
pub fn to_nearest(marked: ArrayView2<'_, bool>, spacing: [f64; 2]) -> Array2<f64> {
    let [between_rows, between_columns] = spacing;
    let mut distances = rows_to_nearest(marked);
    let mut envelope = Vec::new();
    for mut row in distances.rows_mut() {
        lower_envelope(
            row.iter().map(|rows| (rows * between_rows).powi(2)),
            between_columns,
            &mut envelope,
        );
        let mut parts = envelope.iter().peekable();
        let Some(mut part) = parts.next() else {
            row.fill(f64::INFINITY);
            continue;
        };
        for (x, distance) in row.iter_mut().enumerate() {
            let x = x as f64 * between_columns;
            while let Some(next) = parts.next_if(|next| next.start <= x) {
                part = next;
            }
            *distance = part.at(x).sqrt();
        }
    }
    distances
}

/// Returns how many rows each pixel is away from the nearest marked one of its column.
fn rows_to_nearest(marked: ArrayView2<'_, bool>) -> Array2<f64> {
    let mut rows = marked.mapv(|marked| if marked { 0.0 } else { f64::INFINITY });
    let height = rows.nrows();
    for (from, to) in (1..height)
        .map(|row| (row - 1, row))
        .chain((1..height).rev().map(|row| (row, row - 1)))
    {
        let (from, mut to) = rows.multi_slice_mut((s![from, ..], s![to, ..]));
        to.zip_mut_with(&from, |to, &from| *to = f64::min(*to, from + 1.0));
    }
    rows
}

/// A parabola `(x − vertex)² + height`, the lowest from `start` on.
struct Parabola {
    start: f64,
    vertex: f64,
    height: f64,
}

impl Parabola {
    fn at(&self, x: f64) -> f64 {
        (x - self.vertex).powi(2) + self.height
    }
}

/// Writes the lower envelope of the parabolas with these heights, one every `step`; those of infinite
/// height are left out.
fn lower_envelope(heights: impl Iterator<Item = f64>, step: f64, envelope: &mut Vec<Parabola>) {
    envelope.clear();
    for (index, height) in heights.enumerate() {
        if height == f64::INFINITY {
            continue;
        }
        let mut new = Parabola {
            start: f64::NEG_INFINITY,
            vertex: index as f64 * step,
            height,
        };
        while let Some(last) = envelope.last() {
            let rise = (new.height + new.vertex.powi(2)) - (last.height + last.vertex.powi(2));
            let crossing = rise / (2.0 * (new.vertex - last.vertex));
            if crossing > last.start {
                new.start = crossing;
                break;
            }
            envelope.pop();
        }
        envelope.push(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By definition: the least distance to any marked pixel.
    fn by_definition(marked: &Array2<bool>, [rows, columns]: [f64; 2]) -> Array2<f64> {
        Array2::from_shape_fn(marked.dim(), |(y, x)| {
            let all = marked.indexed_iter().filter(|&(_, &marked)| marked);
            all.map(|((i, j), _)| {
                let (dy, dx) = (y as f64 - i as f64, x as f64 - j as f64);
                f64::hypot(dy * rows, dx * columns)
            })
            .fold(f64::INFINITY, f64::min)
        })
    }

    proptest! {
        #[test]
        fn it_is_the_least_distance_to_any(
            height in 1usize..20, width in 1usize..20,
            bits in prop::collection::vec(prop::bool::weighted(0.07), 400),
            spacing in [0.1..5.0f64, 0.1..5.0f64],
        ) {
            let marked = Array2::from_shape_fn((height, width), |(y, x)| bits[y * width + x]);
            let (ours, expected) = (to_nearest(marked.view(), spacing), by_definition(&marked, spacing));
            for (&ours, &expected) in ours.iter().zip(&expected) {
                prop_assert!(ours.total_cmp(&expected).is_eq() || (ours - expected).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn nothing_marked_is_infinitely_far() {
        let none = Array2::from_elem((3, 4), false);
        assert!(
            to_nearest(none.view(), [1.0, 2.0])
                .iter()
                .all(|d| d.is_infinite())
        );
    }
}
