//! Where voxels lie in the patient. See [`Grid`].
//!
//! World coordinates are NIfTI's: millimetres towards the patient's right, front and top (RAS).

use std::fmt;

/// A grid of voxels and the affine map from voxel indices to the world.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Number of voxels along each axis.
    pub shape: [usize; 3],
    /// Rows for right, front and top; columns for the three voxel axes and the origin.
    pub world_from_voxel: [[f64; 4]; 3],
    /// Distance between voxels along each axis, where known.
    pub spacing_mm: Option<[f64; 3]>,
}

/// Which voxel axes of a slice run down and across a viewer's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The axis that is cut.
    pub cut: usize,
    /// The axis that runs down, and whether against its indices.
    pub down: (usize, bool),
    /// The axis that runs across, and whether against its indices.
    pub across: (usize, bool),
}

/// How far corners of two grids may lie apart to count as the same place, in voxels.
const SAME_PLACE: f64 = 0.1;

impl Grid {
    /// Returns which way of the world each voxel axis runs: 0 for right–left, 1 for front–back, 2 for
    /// top–bottom, and whether towards right, front or top. Each is taken once, the clearest first.
    pub fn directions(&self) -> [(usize, bool); 3] {
        let mut directions = [(0, true); 3];
        let cosine = |world: usize, axis: usize| {
            let length = (0..3)
                .map(|w| self.world_from_voxel[w][axis].powi(2))
                .sum::<f64>()
                .sqrt();
            self.world_from_voxel[world][axis] / length
        };
        let mut open: Vec<(usize, usize)> = (0..9).map(|k| (k / 3, k % 3)).collect();
        while let Some(&(world, axis)) = open.iter().max_by(|a, b| {
            let size = |&(world, axis): &(usize, usize)| cosine(world, axis).abs();
            // Of equals the first, so that the result does not depend on rounding elsewhere.
            size(a).total_cmp(&size(b)).then(b.cmp(a))
        }) {
            directions[axis] = (world, cosine(world, axis) > 0.0);
            open.retain(|&(w, a)| w != world && a != axis);
        }
        directions
    }

    /// Returns how a viewer shows slices across an axis: on axial and coronal slices the patient's
    /// right is on the left, on sagittal ones the front is; coronal and sagittal slices have the top
    /// up, axial ones the front.
    pub fn view(&self, cut: usize) -> View {
        let directions = self.directions();
        let mut rest = (0..3).filter(|&axis| axis != cut);
        let (Some(first), Some(second)) = (rest.next(), rest.next()) else {
            unreachable!("three axes but one are two");
        };
        // Down runs the axis nearer to top–bottom, or else front–back. All screens run from right,
        // front and top, so an axis that runs towards these is turned round.
        let (down, across) = if directions[first].0 > directions[second].0 {
            (first, second)
        } else {
            (second, first)
        };
        View {
            cut,
            down: (down, directions[down].1),
            across: (across, directions[across].1),
        }
    }

    /// Returns whether voxels of equal indices lie at the same place, to a tenth of a voxel.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let step = |axis: usize| {
            (0..3)
                .map(|w| self.world_from_voxel[w][axis].powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let smallest = (0..3).map(step).fold(f64::INFINITY, f64::min);
        let corners =
            (0..8).map(|bits| [0, 1, 2].map(|axis| (self.shape[axis] - 1) * ((bits >> axis) & 1)));
        self.shape == other.shape
            && corners.into_iter().all(|corner| {
                let (here, there) = (self.place(corner), other.place(corner));
                let apart = (0..3)
                    .map(|w| (here[w] - there[w]).powi(2))
                    .sum::<f64>()
                    .sqrt();
                apart <= SAME_PLACE * smallest
            })
    }

    /// Returns the place of a voxel's centre in the world.
    fn place(&self, voxel: [usize; 3]) -> [f64; 3] {
        self.world_from_voxel.map(|[x, y, z, origin]| {
            x * voxel[0] as f64 + y * voxel[1] as f64 + z * voxel[2] as f64 + origin
        })
    }
}

/// As in «164×166×26 voxels of 0.79×0.79×5.00 mm, RAS, from (−12.0, 4.5, 80.0)».
impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [i, j, k] = self.shape;
        write!(f, "{i}×{j}×{k} voxels")?;
        if let Some([x, y, z]) = self.spacing_mm {
            write!(f, " of {x:.2}×{y:.2}×{z:.2} mm")?;
        }
        let letters = self
            .directions()
            .map(|(world, towards)| ["LPI", "RAS"][usize::from(towards)].as_bytes()[world]);
        let [x, y, z] = self.place([0; 3]);
        let letters = String::from_utf8_lossy(&letters).into_owned();
        write!(f, ", {letters}, from ({x:.1}, {y:.1}, {z:.1})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(columns: [[f64; 3]; 3]) -> Grid {
        let row = |w: usize| [columns[0][w], columns[1][w], columns[2][w], 10.0];
        Grid {
            shape: [4, 5, 6],
            world_from_voxel: [row(0), row(1), row(2)],
            spacing_mm: Some([1.0, 2.0, 3.0]),
        }
    }

    #[test]
    fn views_are_those_of_a_radiologist() {
        let ras = grid([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]);
        assert_eq!(
            ras.view(2),
            View {
                cut: 2,
                down: (1, true),
                across: (0, true)
            }
        );
        assert_eq!(
            ras.view(1),
            View {
                cut: 1,
                down: (2, true),
                across: (0, true)
            }
        );
        assert_eq!(
            ras.view(0),
            View {
                cut: 0,
                down: (2, true),
                across: (1, true)
            }
        );
        let lps = grid([[-1.0, 0.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, 3.0]]);
        assert_eq!(
            lps.view(2),
            View {
                cut: 2,
                down: (1, false),
                across: (0, false)
            }
        );
        // Axes that run back, up and right: the third is cut, as in a sagittal acquisition.
        let psr = grid([[0.0, -1.0, 0.0], [0.0, 0.0, 2.0], [3.0, 0.0, 0.0]]);
        assert_eq!(
            psr.view(2),
            View {
                cut: 2,
                down: (1, true),
                across: (0, false)
            }
        );
    }

    #[test]
    fn a_tilted_grid_takes_the_nearest_axes() {
        let tilted = grid([[0.8, 0.6, 0.0], [-1.2, 1.6, 0.1], [0.0, -0.3, 3.0]]);
        assert_eq!(tilted.directions(), [(0, true), (1, true), (2, true)]);
        assert_eq!(
            tilted.to_string(),
            "4×5×6 voxels of 1.00×2.00×3.00 mm, RAS, from (10.0, 10.0, 10.0)"
        );
    }

    #[test]
    fn grids_agree_up_to_rounding() {
        let one = grid([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]);
        let mut other = one.clone();
        other.world_from_voxel[0][3] += 0.05;
        assert!(one.agrees_with(&other));
        other.world_from_voxel[0][3] += 0.10;
        assert!(!one.agrees_with(&other));
        let mut longer = one.clone();
        longer.shape[2] += 1;
        assert!(!one.agrees_with(&longer));
    }
}
