//! From the world to voxels. See [`Placing`].

use super::Grid;

/// The map from the world to the voxels of a grid: the inverse of its affine map.
#[derive(Clone, Copy, Debug)]
pub struct Placing([[f64; 4]; 3]);

/// The world as a grid whose indices are millimetres.
const WORLD: Grid = Grid {
    shape: [1; 3],
    world_from_voxel: [
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
    ],
    spacing_mm: None,
    is_placed: true,
};

impl Grid {
    /// Returns the map from the world to voxels; `None` if nobody knows where they lie, or if the axes
    /// lie in one plane.
    pub fn placing(&self) -> Option<Placing> {
        (self.is_placed.then(|| WORLD.map_to(self))?).map(Placing)
    }
}

impl Placing {
    /// Returns voxel coordinates of a place: whole at the centres of voxels.
    pub fn voxel(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        self.0
            .map(|row| row[0] * x + row[1] * y + row[2] * z + row[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoes_the_affine_map() {
        let mut grid = Grid {
            world_from_voxel: [
                [0.8, -1.2, 0.1, 10.0],
                [0.6, 1.6, -0.3, -20.0],
                [0.0, 0.1, 3.0, 30.0],
            ],
            ..WORLD
        };
        let voxel = [3.0, 4.5, -7.0];
        let place = (grid.world_from_voxel)
            .map(|row| row[0] * voxel[0] + row[1] * voxel[1] + row[2] * voxel[2] + row[3]);
        let found = grid.placing().expect("it is sound").voxel(place);
        assert!(
            (0..3).all(|axis| (found[axis] - voxel[axis]).abs() < 1e-12),
            "{found:?}"
        );
        grid.is_placed = false;
        assert!(grid.placing().is_none());
    }
}
