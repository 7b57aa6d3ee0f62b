//! The outline of a mask as smooth loops. See [`contours`].

use std::collections::BTreeMap;

use ndarray::ArrayView2;

/// A point (x, y) in pixels of the slice; the centre of the first pixel is (0, 0).
pub(super) type Point = [f32; 2];

/// How often corners are cut; each time halves the angle.
const CUTS: usize = 2;

/// Returns the closed outlines of a mask, `[height, width]`, those of holes included.
///
/// Marching squares between pixel centres (what touches by a corner is one region, as everywhere in
/// this program), then Chaikin's corner cutting, so that an upscaled outline is no staircase. It
/// stays within a quarter of a pixel of the mask's border, and even a single pixel has one.
pub(super) fn contours(mask: ArrayView2<'_, bool>) -> Vec<Vec<Point>> {
    loops(links(mask)).into_iter().map(smooth).collect()
}

/// Returns the closed outlines of a mask, `[height, width]`, as [x, y] with the centre of the first
/// pixel at (0, 0): marching squares between pixel centres, with no more points than needed.
pub fn outlines(mask: ArrayView2<'_, bool>) -> Vec<Vec<[f32; 2]>> {
    loops(links(mask)).into_iter().map(straighten).collect()
}

/// Leaves out what lies on a straight line between its neighbours.
fn straighten(points: Vec<Point>) -> Vec<Point> {
    let count = points.len();
    let is_corner = |&index: &usize| {
        let [a, b, c] = [index + count - 1, index, index + 1].map(|place| points[place % count]);
        // Coordinates are halves, so that this is exact: a quarter or more, or nothing.
        ((b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])).abs() > 0.1
    };
    (0..count)
        .filter(is_corner)
        .map(|index| points[index])
        .collect()
}

/// A crossing of the border between two neighbouring pixel centres, in half pixels.
type Crossing = (i32, i32);

/// Links each crossing to the next, object on the right-hand side: every crossing has one successor.
fn links(mask: ArrayView2<'_, bool>) -> BTreeMap<Crossing, Crossing> {
    let (height, width) = mask.dim();
    // Outside the slice is background, so that every outline is closed.
    let inside = |y: usize, x: usize| {
        (1..=height).contains(&y) && (1..=width).contains(&x) && mask[[y - 1, x - 1]]
    };
    let mut links = BTreeMap::new();
    // The cell between four pixel centres; (y, x) is one more than the upper left one's place.
    for y in 0..=height {
        for x in 0..=width {
            let corners = [
                inside(y, x),
                inside(y, x + 1),
                inside(y + 1, x + 1),
                inside(y + 1, x),
            ];
            let (cx, cy) = (2 * x as i32 - 1, 2 * y as i32 - 1);
            let [top, right, bottom, left] =
                [(cx, cy - 1), (cx + 1, cy), (cx, cy + 1), (cx - 1, cy)];
            let mut link = |from, to| links.insert(from, to);
            match corners.map(u8::from) {
                [0, 0, 0, 0] | [1, 1, 1, 1] => None,
                [1, 0, 0, 0] => link(top, left),
                [0, 1, 0, 0] => link(right, top),
                [0, 0, 1, 0] => link(bottom, right),
                [0, 0, 0, 1] => link(left, bottom),
                [1, 1, 0, 0] => link(right, left),
                [0, 1, 1, 0] => link(bottom, top),
                [0, 0, 1, 1] => link(left, right),
                [1, 0, 0, 1] => link(top, bottom),
                [0, 1, 1, 1] => link(left, top),
                [1, 0, 1, 1] => link(top, right),
                [1, 1, 0, 1] => link(right, bottom),
                [1, 1, 1, 0] => link(bottom, left),
                // Two pixels that touch by a corner are joined.
                [1, 0, 1, 0] => {
                    link(top, right);
                    link(bottom, left)
                }
                _ => {
                    link(right, bottom);
                    link(left, top)
                }
            };
        }
    }
    links
}

fn loops(mut links: BTreeMap<Crossing, Crossing>) -> Vec<Vec<Point>> {
    let mut loops = Vec::new();
    while let Some((start, mut next)) = links.pop_first() {
        let mut points = vec![start];
        while next != start {
            points.push(next);
            next = links
                .remove(&next)
                .expect("every crossing has one successor and one predecessor");
        }
        let half = |(x, y): Crossing| [x as f32 / 2.0, y as f32 / 2.0];
        loops.push(points.into_iter().map(half).collect());
    }
    loops
}

fn smooth(mut points: Vec<Point>) -> Vec<Point> {
    for _ in 0..CUTS {
        let next = points.iter().cycle().skip(1);
        points = points
            .iter()
            .zip(next)
            .flat_map(|(a, b)| {
                let between = |t: f32| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
                [between(0.25), between(0.75)]
            })
            .collect();
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use proptest::prelude::*;

    /// Twice the signed area of a closed outline (shoelace formula).
    fn area(points: &[Point]) -> f32 {
        let next = points.iter().cycle().skip(1);
        let cross = points
            .iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1]);
        cross.sum::<f32>() / 2.0
    }

    #[test]
    fn one_pixel_is_a_loop_around_it() {
        let mut mask = Array2::from_elem((3, 3), false);
        mask[[2, 1]] = true;
        let outlines = contours(mask.view());
        assert_eq!(outlines.len(), 1);
        for point in &outlines[0] {
            let distance = (point[0] - 1.0).hypot(point[1] - 2.0);
            assert!((0.3..=0.5).contains(&distance), "{point:?}");
        }
    }

    #[test]
    fn a_hole_has_an_outline_of_the_other_direction() {
        let ring = Array2::from_shape_fn((9, 9), |(y, x)| {
            !(3..6).contains(&y) || !(3..6).contains(&x)
        });
        let areas: Vec<_> = contours(ring.view())
            .iter()
            .map(|outline| area(outline))
            .collect();
        assert_eq!(areas.len(), 2);
        assert!(areas[0] * areas[1] < 0.0, "{areas:?}");
        assert!((areas[0] + areas[1]).abs() > 68.0, "{areas:?}");
    }

    #[test]
    fn pixels_that_touch_by_a_corner_are_one() {
        for mask in [
            [[true, false], [false, true]],
            [[false, true], [true, false]],
        ] {
            assert_eq!(contours(ndarray::arr2(&mask).view()).len(), 1);
        }
    }

    #[test]
    fn an_empty_mask_has_none() {
        assert!(contours(Array2::from_elem((4, 4), false).view()).is_empty());
    }

    proptest! {
        #[test]
        fn outlines_enclose_as_much_as_the_mask(
            height in 1usize..20, width in 1usize..20, bits in prop::collection::vec(any::<bool>(), 1..99),
        ) {
            let mask = Array2::from_shape_fn((height, width), |(y, x)| bits[(y * width + x) % bits.len()]);
            let pixels = mask.iter().filter(|&&bit| bit).count() as f32;
            let outlines = contours(mask.view());
            prop_assert_eq!(outlines.is_empty(), pixels == 0.0);
            let enclosed: f32 = outlines.iter().map(|outline| area(outline)).sum();
            // Each pixel's corners are cut, or filled where it touches another by a corner.
            prop_assert!((enclosed.abs() - pixels).abs() <= pixels, "{} of {}", enclosed, pixels);
        }
    }
}
