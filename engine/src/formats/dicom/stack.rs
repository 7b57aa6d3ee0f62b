//! From planes to a grid. See [`stack`].

use super::{
    frames::{Frame, Plane, dot},
    misfit::Misfit,
};
use crate::formats::Grid;

/// How far a plane may lie from where its neighbours put it, in slice distances; as for
/// [`Grid::agrees_with`].
const SAME_PLACE: f64 = 0.1;
/// How much nearer than usual two planes must be to count as one place twice.
const DOUBLE: f64 = 0.01;
/// How far spacings may differ from one plane to the next, in parts of them: rounding.
const ROUNDING: f64 = 1e-3;
/// How far the cosine between directions may be from 1: less than a degree.
const PARALLEL: f64 = 1e-4;

/// Planes in order, and the grid that they make.
#[derive(Debug)]
pub(super) struct Stack {
    /// Indices into the frames given, from the first slice to the last.
    pub(super) order: Vec<usize>,
    pub(super) grid: Grid,
}

/// Sorts planes of `columns` × `rows` pixels along their normal, and finds their grid.
///
/// Slices follow one another along the cross product of row and column direction. Without any place
/// they stay in order: then the first is shown as stored, and distances are known only in plane.
pub(super) fn stack(frames: &[Frame], columns: usize, rows: usize) -> Result<Stack, Misfit> {
    let Some((first, first_plane)) = frames
        .iter()
        .enumerate()
        .find_map(|(index, frame)| Some((index, frame.plane?)))
    else {
        return flat(frames, columns, rows);
    };
    if let Some(lone) = frames.iter().position(|frame| frame.plane.is_none()) {
        return Err(Misfit::NoPlace(lone));
    }
    let planes: Vec<Plane> = frames.iter().filter_map(|frame| frame.plane).collect();
    let mm = frames[first].spacing_mm.ok_or(Misfit::NoSpacing(first))?;
    for (index, (frame, plane)) in frames.iter().zip(&planes).enumerate() {
        let turned = [
            (plane.across, first_plane.across),
            (plane.down, first_plane.down),
        ];
        if turned.iter().any(|&(a, b)| dot(a, b) < 1.0 - PARALLEL) {
            return Err(Misfit::Orientation(first, index));
        }
        let here = frame.spacing_mm.ok_or(Misfit::NoSpacing(index))?;
        if (0..2).any(|k| (here[k] - mm[k]).abs() > ROUNDING * mm[k]) {
            return Err(Misfit::Spacing(first, index));
        }
    }
    let normal = first_plane.normal();
    let height = |index: usize| dot(planes[index].position, normal);
    let mut order: Vec<usize> = (0..planes.len()).collect();
    order.sort_by(|&a, &b| height(a).total_cmp(&height(b)).then(a.cmp(&b)));
    let step = step(&order, frames, &planes, normal)?;

    let position = planes[order[0]].position;
    let [down_mm, across_mm] = mm;
    let row = |w: usize| {
        [
            first_plane.across[w] * across_mm,
            first_plane.down[w] * down_mm,
            step[w],
            position[w],
        ]
    };
    Ok(Stack {
        grid: Grid {
            shape: [columns, rows, order.len()],
            world_from_voxel: [row(0), row(1), row(2)],
            spacing_mm: Some([across_mm, down_mm, dot(step, step).sqrt()]),
            is_placed: true,
        },
        order,
    })
}

/// Returns the way from one plane to the next. It need not be square to them: a tilted gantry shears.
fn step(
    order: &[usize],
    frames: &[Frame],
    planes: &[Plane],
    normal: [f64; 3],
) -> Result<[f64; 3], Misfit> {
    let gaps = || {
        let heights = order
            .iter()
            .map(|&index| dot(planes[index].position, normal));
        let heights: Vec<f64> = heights.collect();
        heights
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect::<Vec<f64>>()
    };
    let [first, .., last] = *order else {
        let mm = frames[order[0]].thickness_mm.unwrap_or(1.0);
        return Ok(normal.map(|x| x * mm));
    };
    let gaps = gaps();
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[sorted.len() / 2];
    let largest = sorted[sorted.len() - 1];
    if let Some(k) = gaps.iter().position(|&gap| gap <= DOUBLE * largest) {
        return Err(Misfit::Double(order[k], order[k + 1]));
    }
    for (k, gap) in gaps.iter().enumerate() {
        let times = gap / usual;
        if times > 1.5 && (times - times.round()).abs() < SAME_PLACE * times.round() {
            return Err(Misfit::Gap(
                order[k],
                order[k + 1],
                times.round() as usize - 1,
            ));
        }
    }
    let (start, end) = (planes[first].position, planes[last].position);
    let step = [0, 1, 2].map(|w| (end[w] - start[w]) / gaps.len() as f64);
    let length = dot(step, step).sqrt();
    for (k, &index) in order.iter().enumerate() {
        let off = [0, 1, 2].map(|w| planes[index].position[w] - start[w] - step[w] * k as f64);
        let off = dot(off, off).sqrt();
        if off > SAME_PLACE * length {
            return Err(Misfit::Uneven(order[k.saturating_sub(1)], index, off));
        }
    }
    Ok(step)
}

/// Returns the grid of pictures that have no place in the patient: as seen on the screen, one after
/// the other.
fn flat(frames: &[Frame], columns: usize, rows: usize) -> Result<Stack, Misfit> {
    let mm = frames.first().and_then(|frame| frame.spacing_mm);
    if let Some(other) = frames.iter().position(|frame| frame.spacing_mm != mm) {
        return Err(Misfit::Spacing(0, other));
    }
    let between = match (frames, frames.first().and_then(|frame| frame.thickness_mm)) {
        (_, Some(mm)) => Some(mm),
        // A single picture has no neighbour; as NIfTI writes it.
        ([_], None) => Some(1.0),
        _ => None,
    };
    let [down, across] = mm.unwrap_or([1.0; 2]);
    let along = between.unwrap_or(1.0);
    Ok(Stack {
        order: (0..frames.len()).collect(),
        grid: Grid {
            shape: [columns, rows, frames.len()],
            world_from_voxel: [
                [-across, 0.0, 0.0, 0.0],
                [0.0, -down, 0.0, 0.0],
                [0.0, 0.0, along, 0.0],
            ],
            spacing_mm: mm
                .zip(between)
                .map(|([down, across], along)| [across, down, along]),
            is_placed: false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::volume::Scaling;

    /// Planes of a tilted patient at these heights along their normal.
    fn planes(heights: &[f64]) -> Vec<Frame> {
        let plane = Plane {
            position: [5.0, 6.0, 7.0],
            across: [-1.0, 0.0, 0.0],
            down: [0.0, -0.8, -0.6],
        };
        let frame = |(index, &height): (usize, &f64)| {
            let normal = plane.normal();
            let position = [0, 1, 2].map(|w| plane.position[w] + normal[w] * height);
            Frame {
                index,
                plane: Some(Plane { position, ..plane }),
                spacing_mm: Some([0.5, 0.7]),
                thickness_mm: Some(9.0),
                scaling: Scaling::NONE,
                window: None,
                segment: None,
                sources: Vec::new(),
            }
        };
        heights.iter().enumerate().map(frame).collect()
    }

    #[test]
    fn planes_are_sorted_along_their_normal() {
        let stack = stack(&planes(&[4.0, 0.0, 2.04, 6.0]), 8, 9).expect("it is even enough");
        assert_eq!(stack.order, [1, 2, 0, 3]);
        assert_eq!(stack.grid.shape, [8, 9, 4]);
        let mm = stack.grid.spacing_mm.expect("it is said");
        assert!(
            (mm[0] - 0.7).abs() + (mm[1] - 0.5).abs() + (mm[2] - 2.0).abs() < 1e-9,
            "{mm:?}"
        );
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(near(stack.grid.world_from_voxel[2][2], 1.6));
        assert!(near(stack.grid.world_from_voxel[0][3], 5.0));
    }

    #[test]
    fn what_is_no_stack_is_told() {
        let misfit = |frames: &[Frame]| stack(frames, 8, 9).expect_err("it is no stack");
        assert_eq!(misfit(&planes(&[0.0, 1.0, 1.0, 2.0])), Misfit::Double(1, 2));
        assert_eq!(misfit(&planes(&[0.0, 1.0, 4.0, 5.0])), Misfit::Gap(1, 2, 2));
        assert!(matches!(
            misfit(&planes(&[0.0, 1.0, 2.3, 3.0])),
            Misfit::Uneven(1, 2, _)
        ));
        let mut frames = planes(&[0.0, 1.0, 2.0]);
        frames[1].spacing_mm = Some([0.5, 0.8]);
        assert_eq!(misfit(&frames), Misfit::Spacing(0, 1));
        frames[1].spacing_mm = None;
        assert_eq!(misfit(&frames), Misfit::NoSpacing(1));
        frames[1].plane = None;
        assert_eq!(misfit(&frames), Misfit::NoPlace(1));
        let mut frames = planes(&[0.0, 1.0, 2.0]);
        if let Some(plane) = &mut frames[2].plane {
            plane.across = [-0.8, 0.6, 0.0];
        }
        assert_eq!(misfit(&frames), Misfit::Orientation(0, 2));
    }

    #[test]
    fn a_tilted_gantry_shears_the_grid() {
        let mut frames = planes(&[0.0, 1.0, 2.0]);
        for (k, frame) in frames.iter_mut().enumerate() {
            if let Some(plane) = &mut frame.plane {
                plane.position[0] += 0.3 * k as f64;
            }
        }
        let grid = stack(&frames, 8, 9)
            .expect("planes may be offset evenly")
            .grid;
        assert!((grid.world_from_voxel[0][2] - 0.3).abs() < 1e-9);
    }

    #[test]
    fn a_picture_is_shown_as_stored() {
        let mut frames = planes(&[0.0]);
        frames[0].plane = None;
        let grid = stack(&frames, 8, 9).expect("it needs no place").grid;
        let view = grid.view(2);
        assert_eq!((view.down, view.across), ((1, false), (0, false)));
        assert_eq!(grid.spacing_mm, Some([0.7, 0.5, 9.0]));
    }
}
