//! From closed planar contours to voxels. See [`fill`].

use std::collections::BTreeMap;

use crate::formats::Grid;

/// The corners of a polygon in the world, in millimetres.
pub(super) type Contour = Vec<[f64; 3]>;

/// How far the points of a contour may be from its slice, in slice distances. Halfway they belong to
/// the next one.
const HALF: f64 = 0.5;
/// Rounding of coordinates, in slice distances: text has a few digits.
const ROUNDING: f64 = 1e-2;

/// Calls `visit` with the place of every voxel whose centre is inside an odd number of the contours of its
/// slice.
///
/// # Errors
/// Where the contours are, if they are not in the slices.
pub(super) fn fill(
    contours: &[Contour],
    grid: &Grid,
    visit: &mut dyn FnMut(usize),
) -> Result<(), String> {
    let placing = grid
        .placing()
        .ok_or("on an image whose axes are no base of space")?;
    // Heights of planes above their slice, in hundredths of a slice distance, so that contours of
    // one plane stay together.
    let mut slices: BTreeMap<usize, BTreeMap<i64, Vec<Vec<[f64; 2]>>>> = BTreeMap::new();
    for contour in contours {
        if contour.len() < 3 {
            continue;
        }
        let voxels: Vec<[f64; 3]> = contour.iter().map(|&point| placing.voxel(point)).collect();
        let heights = || voxels.iter().map(|voxel| voxel[2]);
        let [low, high] = [
            heights().fold(f64::INFINITY, f64::min),
            heights().fold(f64::NEG_INFINITY, f64::max),
        ];
        let middle = f64::midpoint(low, high);
        let slice = middle.round().clamp(0.0, (grid.shape[2] - 1) as f64);
        let farthest = (low - slice).abs().max((high - slice).abs());
        if farthest > HALF + ROUNDING {
            return Err(format!(
                "a contour between slices {low:.2} and {high:.2} of 0 to {}, from ({:.1}, {:.1}, {:.1})",
                grid.shape[2] - 1,
                contour[0][0],
                contour[0][1],
                contour[0][2]
            ));
        }
        let height = ((middle - slice) / ROUNDING).round() as i64;
        let polygon = voxels.iter().map(|voxel| [voxel[0], voxel[1]]).collect();
        let planes = slices.entry(slice as usize).or_default();
        planes.entry(height).or_default().push(polygon);
    }
    let [columns, rows, _] = grid.shape;
    for (slice, planes) in slices {
        let nearest = planes
            .into_iter()
            .min_by_key(|&(height, _)| (height.abs(), height));
        let (_, polygons) = nearest.expect("a slice is there because of a plane");
        fill_plane(&polygons, [columns, rows], &mut |x, y| {
            visit(x + columns * (y + rows * slice));
        });
    }
    Ok(())
}

/// Calls `visit` with column and row of every pixel whose centre is inside an odd number of polygons,
/// where pixel centres have whole coordinates. A centre on an edge is inside if the polygon lies to
/// its right or below it, so that neighbours share no pixel.
fn fill_plane(
    polygons: &[Vec<[f64; 2]>],
    [columns, rows]: [usize; 2],
    visit: &mut dyn FnMut(usize, usize),
) {
    let mut crossings: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for polygon in polygons {
        let ends = polygon.iter().skip(1).chain(polygon.first());
        for (&start, &end) in polygon.iter().zip(ends) {
            let [upper, lower] = if start[1] <= end[1] {
                [start, end]
            } else {
                [end, start]
            };
            // Rows from the upper end on, up to but not at the lower one. The cast clips.
            let first = upper[1].ceil().max(0.0) as usize;
            let last = (lower[1].ceil().max(0.0) as usize).min(rows);
            for row in first..last {
                let part = (row as f64 - upper[1]) / (lower[1] - upper[1]);
                let x = upper[0] + (lower[0] - upper[0]) * part;
                crossings.entry(row).or_default().push(x);
            }
        }
    }
    for (row, mut xs) in crossings {
        xs.sort_by(f64::total_cmp);
        for pair in xs.chunks_exact(2) {
            let first = pair[0].ceil().max(0.0) as usize;
            let last = (pair[1].ceil().max(0.0) as usize).min(columns);
            for column in first..last {
                visit(column, row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(polygons: &[Vec<[f64; 2]>]) -> Vec<String> {
        let mut picture = vec![vec!['.'; 8]; 6];
        fill_plane(polygons, [8, 6], &mut |x, y| picture[y][x] = '#');
        picture.into_iter().map(String::from_iter).collect()
    }

    #[test]
    fn pixel_centres_decide() {
        let square = vec![[0.5, 0.5], [6.5, 0.5], [6.5, 4.5], [0.5, 4.5]];
        let hole = vec![[2.5, 1.5], [4.5, 1.5], [4.5, 3.5], [2.5, 3.5]];
        let ring = [
            "........", ".######.", ".##..##.", ".##..##.", ".######.", "........",
        ];
        assert_eq!(filled(&[square.clone(), hole.clone()]), ring);
        // The same as one contour with a keyhole: in through the left, and out again.
        let keyhole = [&square[..], &square[..1], &hole[..], &hole[..1]].concat();
        assert_eq!(filled(&[keyhole]), ring);
        // On the edge: left and upper ones are inside, right and lower ones not.
        let exact = vec![[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0]];
        assert_eq!(filled(&[exact])[1..4], [".##.....", ".##.....", "........"]);
        let outside = vec![[-9.0, -9.0], [99.0, -9.0], [99.0, 1.5], [-9.0, 1.5]];
        assert_eq!(
            filled(&[outside])[0..3],
            ["########", "########", "........"]
        );
    }

    #[test]
    fn contours_go_to_the_nearest_slice() {
        let grid = Grid {
            shape: [4, 4, 3],
            world_from_voxel: [
                [1.0, 0.0, 0.0, 0.0],
                [0.0, 1.0, 0.0, 0.0],
                [0.0, 0.0, 2.0, 0.0],
            ],
            spacing_mm: None,
            is_placed: true,
        };
        let square = |z: f64, size: f64| {
            let corners = [
                [0.5, 0.5],
                [0.5 + size, 0.5],
                [0.5 + size, 0.5 + size],
                [0.5, 0.5 + size],
            ];
            corners.iter().map(|&[x, y]| [x, y, z]).collect::<Contour>()
        };
        let voxels = |contours: &[Contour]| {
            let mut found = Vec::new();
            fill(contours, &grid, &mut |voxel| found.push(voxel)).map(|()| found)
        };
        assert_eq!(voxels(&[square(2.3, 1.0)]), Ok(vec![5 + 16]));
        // Planes a quarter and a tenth of a slice away: the nearer one counts, alone.
        let two = [square(2.5, 2.0), square(1.8, 1.0)];
        assert_eq!(voxels(&two), Ok(vec![5 + 16]));
        assert!(voxels(&[square(5.3, 1.0)]).is_err_and(|text| text.contains("2.65")));
        let slanted = vec![[0.5, 0.5, 0.0], [2.5, 0.5, 4.0], [2.5, 2.5, 4.0]];
        assert!(voxels(&[slanted]).is_err());
        assert_eq!(voxels(&[vec![[0.0; 3]; 2]]), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn agrees_with_the_crossing_number(points in prop::collection::vec((-2.0..10.0, -2.0..8.0), 3..12)) {
            let polygon: Vec<[f64; 2]> = points.into_iter().map(|(x, y)| [x, y]).collect();
            let picture = filled(std::slice::from_ref(&polygon));
            for (y, row) in picture.iter().enumerate() {
                for (x, pixel) in row.chars().enumerate() {
                    let (x, y) = (x as f64, y as f64);
                    let mut is_inside = false;
                    let mut before = polygon[polygon.len() - 1];
                    for &here in &polygon {
                        if (here[1] > y) != (before[1] > y) {
                            let crossing = here[0] + (before[0] - here[0]) * (y - here[1]) / (before[1] - here[1]);
                            is_inside ^= x < crossing;
                        }
                        before = here;
                    }
                    prop_assert_eq!(pixel == '#', is_inside, "{} {}", x, y);
                }
            }
        }
    }
}
