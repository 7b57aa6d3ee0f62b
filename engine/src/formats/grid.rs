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
    /// Whether the file says where in the patient its voxels lie. If not, the map is one under which
    /// slices are shown as they are stored.
    pub is_placed: bool,
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

impl View {
    /// Returns the voxel at a place of slice number `index` as a viewer shows it, given as row and
    /// column, of a volume of this shape.
    ///
    /// # Panics
    /// When the place is outside the slice.
    pub fn voxel(&self, shape: [usize; 3], index: usize, [y, x]: [usize; 2]) -> [usize; 3] {
        let ((down, up_side_down), (across, mirrored)) = (self.down, self.across);
        let mut voxel = [index; 3];
        voxel[down] = if up_side_down { shape[down] - 1 - y } else { y };
        voxel[across] = if mirrored { shape[across] - 1 - x } else { x };
        voxel
    }
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

    /// Returns whether voxels of equal indices lie at the same place, to a tenth of a voxel. Two grids
    /// of which nobody knows where they lie agree if their shapes do.
    pub fn agrees_with(&self, other: &Self) -> bool {
        if !self.is_placed || !other.is_placed {
            return self.is_placed == other.is_placed && self.shape == other.shape;
        }
        let smallest = (0..3)
            .map(|axis| self.step(axis))
            .fold(f64::INFINITY, f64::min);
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

    /// Returns the distance between voxels along an axis, as the map has it.
    fn step(&self, axis: usize) -> f64 {
        (self.world_from_voxel.iter())
            .map(|row| row[axis].powi(2))
            .sum::<f64>()
            .sqrt()
    }

    /// Returns whether the map is one of finite numbers that keeps voxels apart.
    pub fn is_sound(&self) -> bool {
        let size: f64 = (0..3).map(|axis| self.step(axis)).product();
        let volume = determinant(&self.world_from_voxel).abs();
        let all = self.world_from_voxel.as_flattened();
        all.iter().all(|x| x.is_finite()) && size.is_finite() && volume > FLAT * size
    }

    /// Returns the affine map from indices of this grid to indices of another, by way of the world.
    /// `None` if the other is flat.
    pub fn map_to(&self, other: &Self) -> Option<[[f64; 4]; 3]> {
        let m = &other.world_from_voxel;
        if !other.is_sound() {
            return None;
        }
        let scale = 1.0 / determinant(m);
        // Cofactors of the transposed.
        let inverse = |row: usize, column: usize| {
            let [a, b] = [(column + 1) % 3, (column + 2) % 3];
            let [c, d] = [(row + 1) % 3, (row + 2) % 3];
            (m[a][c] * m[b][d] - m[a][d] * m[b][c]) * scale
        };
        let from = &self.world_from_voxel;
        Some(std::array::from_fn(|row| {
            std::array::from_fn(|column| {
                let towards = |w: usize| {
                    let moved = if column == 3 { m[w][3] } else { 0.0 };
                    inverse(row, w) * (from[w][column] - moved)
                };
                towards(0) + towards(1) + towards(2)
            })
        }))
    }

    /// Returns the place of a voxel's centre in the world.
    fn place(&self, voxel: [usize; 3]) -> [f64; 3] {
        self.world_from_voxel.map(|[x, y, z, origin]| {
            x * voxel[0] as f64 + y * voxel[1] as f64 + z * voxel[2] as f64 + origin
        })
    }
}

/// Voxels whose edges span less than this part of the box of the same edges are taken for flat.
const FLAT: f64 = 1e-9;

/// Returns the determinant of the part that turns and scales.
fn determinant(m: &[[f64; 4]; 3]) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

/// As in «164×166×26 voxels of 0.79×0.79×5.00 mm, RAS, from (−12.0, 4.5, 80.0)».
impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [i, j, k] = self.shape;
        write!(f, "{i}×{j}×{k} voxels")?;
        if let Some([x, y, z]) = self.spacing_mm {
            write!(f, " of {x:.2}×{y:.2}×{z:.2} mm")?;
        }
        if !self.is_placed {
            return write!(f, ", of unknown place");
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
            is_placed: true,
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
        let mut lost = one.clone();
        lost.is_placed = false;
        assert!(!one.agrees_with(&lost) && lost.agrees_with(&lost.clone()));
        assert_eq!(
            lost.to_string(),
            "4×5×6 voxels of 1.00×2.00×3.00 mm, of unknown place"
        );
    }

    #[test]
    fn one_grid_is_mapped_to_another() {
        let one = grid([[0.8, 0.6, 0.1], [-1.2, 1.6, 0.1], [0.0, -0.3, 3.0]]);
        let mut other = grid([[0.0, -1.0, 0.2], [0.3, 0.0, 2.0], [3.0, 0.0, 0.1]]);
        other.world_from_voxel[1][3] = -7.5;
        let map = one.map_to(&other).expect("it is sound");
        let there = map.map(|[x, y, z, origin]| x * 3.0 + y * 4.0 + z * 5.0 + origin);
        let place = other
            .world_from_voxel
            .map(|[x, y, z, origin]| x * there[0] + y * there[1] + z * there[2] + origin);
        for (found, expected) in place.iter().zip(one.place([3, 4, 5])) {
            assert!((found - expected).abs() < 1e-12, "{place:?}");
        }
        let flat = grid([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [2.0, 1.0, 0.0]]);
        assert!(!flat.is_sound() && one.map_to(&flat).is_none());
    }
}
