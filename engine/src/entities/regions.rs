//! The 8-connected regions of a mask. See [`Regions`].

use bevy_ecs::prelude::*;
use ndarray::{Array2, ArrayView2};

use super::PixelBox;

/// The 8-connected regions of a bitmap, largest first; of equal areas the one found later in
/// raster order comes first, as in the study's code.
#[derive(Component, Clone, Debug, PartialEq, Eq)]
pub struct Regions {
    /// `[height, width]`: 0 outside, else the region's number in raster order, from 1.
    pub labels: Array2<u32>,
    /// Sorted: largest first.
    pub by_area: Vec<Region>,
}

/// One region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its value in [`Regions::labels`].
    pub label: u32,
    /// In pixels.
    pub area: usize,
    /// The tight box.
    pub bounds: PixelBox,
}

impl Regions {
    /// Finds the regions of `bitmap`, `[height, width]`.
    pub fn of(bitmap: ArrayView2<'_, bool>) -> Self {
        let (height, width) = bitmap.dim();
        let mut labels = Array2::zeros((height, width));
        let mut by_area = Vec::new();
        let mut frontier = Vec::new();
        for (start, &inside) in bitmap.indexed_iter() {
            if !inside || labels[start] != 0 {
                continue;
            }
            let label = by_area.len() as u32 + 1;
            let mut region = Region::starting(label, start);
            labels[start] = label;
            frontier.push(start);
            while let Some((y, x)) = frontier.pop() {
                region.include(y, x);
                for y in y.saturating_sub(1)..(y + 2).min(height) {
                    for x in x.saturating_sub(1)..(x + 2).min(width) {
                        if bitmap[[y, x]] && labels[[y, x]] == 0 {
                            labels[[y, x]] = label;
                            frontier.push((y, x));
                        }
                    }
                }
            }
            by_area.push(region);
        }
        by_area.sort_by_key(|region| std::cmp::Reverse((region.area, region.label)));
        Self { labels, by_area }
    }

    /// Returns the bitmap of one region, `[height, width]`.
    pub fn bitmap(&self, region: &Region) -> Array2<bool> {
        self.labels.mapv(|label| label == region.label)
    }
}

impl Region {
    fn starting(label: u32, (y, x): (usize, usize)) -> Self {
        let (x, y) = (x as u32, y as u32);
        Self {
            label,
            area: 0,
            bounds: PixelBox {
                x0: x,
                y0: y,
                x1: x,
                y1: y,
            },
        }
    }

    fn include(&mut self, y: usize, x: usize) {
        let (x, y) = (x as u32, y as u32);
        self.area += 1;
        let bounds = &mut self.bounds;
        bounds.x0 = bounds.x0.min(x);
        bounds.y0 = bounds.y0.min(y);
        bounds.x1 = bounds.x1.max(x);
        bounds.y1 = bounds.y1.max(y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn regions_touch_at_corners_and_the_later_of_equals_leads() {
        let bitmap = array![
            [1, 0, 0, 1, 1],
            [0, 1, 0, 0, 0],
            [0, 0, 0, 1, 0],
            [1, 1, 1, 0, 1],
        ]
        .mapv(|value| value == 1);
        let regions = Regions::of(bitmap.view());
        let found: Vec<_> = regions.by_area.iter().map(|r| (r.label, r.area)).collect();
        assert_eq!(found, [(3, 5), (2, 2), (1, 2)]);
        let PixelBox { x0, y0, x1, y1 } = regions.by_area[0].bounds;
        assert_eq!([x0, y0, x1, y1], [0, 2, 4, 3]);
        assert_eq!(
            regions
                .bitmap(&regions.by_area[2])
                .iter()
                .filter(|&&inside| inside)
                .count(),
            2
        );
    }
}
