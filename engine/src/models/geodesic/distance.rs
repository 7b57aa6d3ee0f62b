//! Geodesic distances on the grid of pixels. See [`distances`].

use std::{cmp::Reverse, collections::BinaryHeap};

use ndarray::Array2;

use super::{Seeds, Side};

/// What a step of one pixel costs where nothing speaks against it.
const STEP: f32 = 0.02;

/// What a step over the whole range of grey values costs.
const EDGE: f32 = 10.0;

/// The steps to the eight neighbours, and their lengths.
const STEPS: [(isize, isize, f32); 8] = [
    (-1, -1, std::f32::consts::SQRT_2),
    (-1, 0, 1.0),
    (-1, 1, std::f32::consts::SQRT_2),
    (0, -1, 1.0),
    (0, 1, 1.0),
    (1, -1, std::f32::consts::SQRT_2),
    (1, 0, 1.0),
    (1, 1, std::f32::consts::SQRT_2),
];

/// What it costs to move: `length · (STEP + resistance) + EDGE · |difference of grey values|`, the
/// resistance being the mean of both pixels'.
#[derive(Clone, Debug)]
pub struct Terrain<'a> {
    /// Grey values in 0..1, `[height, width]`.
    grey: &'a Array2<f32>,
    /// How unlikely a pixel is one of the side's, in 0..1.
    resistance: Array2<f32>,
}

impl<'a> Terrain<'a> {
    /// Makes the terrain of a side.
    pub fn new(grey: &'a Array2<f32>, seeds: &Seeds, side: Side) -> Self {
        let resistance = grey.mapv(|value| 1.0 - seeds.likelihood(value, side));
        Self { grey, resistance }
    }

    fn cost(&self, from: [usize; 2], to: [usize; 2], length: f32) -> f32 {
        let resistance = 0.5 * (self.resistance[from] + self.resistance[to]);
        length * (STEP + resistance) + EDGE * (self.grey[from] - self.grey[to]).abs()
    }
}

/// Returns the least cost of a path to each pixel over its eight neighbours, from any pixel with its
/// start cost on (Dijkstra 1959). Start costs are not negative; infinite ones are no starts.
pub fn distances(terrain: &Terrain<'_>, starts: &Array2<f32>) -> Array2<f32> {
    let (height, width) = starts.dim();
    let mut distances = starts.clone();
    // The bits of numbers that are not negative have the order of the numbers.
    let mut open: BinaryHeap<Reverse<(u32, u32)>> = starts
        .iter()
        .enumerate()
        .filter(|(_, start)| start.is_finite())
        .map(|(at, start)| Reverse((start.to_bits(), at as u32)))
        .collect();
    while let Some(Reverse((bits, at))) = open.pop() {
        let from = [at as usize / width, at as usize % width];
        let distance = f32::from_bits(bits);
        if distance > distances[from] {
            continue;
        }
        for (dy, dx, length) in STEPS {
            let y = from[0].wrapping_add_signed(dy);
            let x = from[1].wrapping_add_signed(dx);
            if y >= height || x >= width {
                continue;
            }
            let through = distance + terrain.cost(from, [y, x], length);
            if through < distances[[y, x]] {
                distances[[y, x]] = through;
                open.push(Reverse((through.to_bits(), (y * width + x) as u32)));
            }
        }
    }
    distances
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Relaxes every step until nothing changes (Bellman and Ford).
    fn relaxed(terrain: &Terrain<'_>, starts: &Array2<f32>) -> Array2<f32> {
        let (height, width) = starts.dim();
        let mut distances = starts.clone();
        loop {
            let before = distances.clone();
            for y in 0..height {
                for x in 0..width {
                    for (dy, dx, length) in STEPS {
                        let (to_y, to_x) = (y as isize + dy, x as isize + dx);
                        if (0..height as isize).contains(&to_y)
                            && (0..width as isize).contains(&to_x)
                        {
                            let to = [to_y as usize, to_x as usize];
                            let cost = terrain.cost([y, x], to, length);
                            distances[to] = distances[to].min(distances[[y, x]] + cost);
                        }
                    }
                }
            }
            if distances == before {
                return distances;
            }
        }
    }

    proptest! {
        #[test]
        fn no_path_is_shorter(
            (height, width) in (1..9_usize, 1..9_usize),
            values in prop::collection::vec(0.0..1.0f32, 3 * 64),
            seeds in prop::collection::vec((0..64_usize, 0.0..2.0f32), 1..4),
        ) {
            let plane = |k: usize| Array2::from_shape_fn((height, width), |(y, x)| values[64 * k + 8 * y + x]);
            let grey = plane(0);
            let terrain = Terrain { grey: &grey, resistance: plane(1) };
            let mut starts = Array2::from_elem((height, width), f32::INFINITY);
            for (at, start) in seeds {
                starts[[at / 8 % height, at % 8 % width]] = start;
            }
            prop_assert_eq!(distances(&terrain, &starts), relaxed(&terrain, &starts));
        }
    }
}
