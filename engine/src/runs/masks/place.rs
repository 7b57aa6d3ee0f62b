//! Masks go back to where their slices were cut. See [`write_volume`] and [`write_picture`].

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use image::GrayImage;
use ndarray::Array2;

use super::{MaskError, SliceMask};
use crate::{
    datasets::VolumePlace,
    formats::nifti_mask_header,
    runs::{RunError, error::writing, folder::replace},
};

/// Writes the slices of a volume as packed NIfTI-1 on its grid: 1 in the masks, 0 elsewhere and in slices
/// that are not there. Each mask is turned back from how a viewer shows it; each index is one of the
/// volume's.
pub(super) fn write_volume(
    path: &Path,
    place: &VolumePlace,
    slices: &[SliceMask],
) -> Result<(), MaskError> {
    let shape @ [columns, rows, _] = place.grid.shape;
    let mut voxels = vec![0_u8; shape.iter().product()];
    let view = place.grid.view(place.axis);
    for (index, mask) in slices {
        for ((y, x), _) in mask.indexed_iter().filter(|&(_, &inside)| inside) {
            let [i, j, k] = view.voxel(shape, *index, [y, x]);
            voxels[i + columns * (j + rows * k)] = 1;
        }
    }
    let header = nifti_mask_header(path, &place.grid)?;
    replace(path, |file: &mut File| {
        let write = || {
            let mut packed = GzEncoder::new(BufWriter::new(file), Compression::fast());
            packed.write_all(&header)?;
            packed.write_all(&voxels)?;
            packed.finish()?.flush()
        };
        write().map_err(writing(path))
    })?;
    Ok(())
}

/// Writes a mask as an 8-bit gray picture, 255 inside and 0 outside.
pub(super) fn write_picture(path: &Path, mask: &Array2<bool>) -> Result<(), RunError> {
    let (height, width) = mask.dim();
    let bytes = mask.iter().map(|&inside| 255 * u8::from(inside)).collect();
    let picture =
        GrayImage::from_raw(width as u32, height as u32, bytes).expect("one byte for every pixel");
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .map_err(|error| RunError::Encode {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    crate::runs::replace_with(path, bytes.get_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Grid, Volume};

    /// Grids as scanners make them: any axes, either way round, tilted, sheared.
    fn grids() -> Vec<Grid> {
        let maps = [
            [
                [0.7, 0.0, 0.0, -90.0],
                [0.0, 0.8, 0.0, 12.5],
                [0.0, 0.0, 5.0, 3.0],
            ],
            [
                [-0.7, 0.0, 0.0, 90.0],
                [0.0, -0.8, 0.0, 1.0],
                [0.0, 0.0, 5.0, 3.0],
            ],
            [
                [0.0, 0.0, 2.0, 0.0],
                [-1.5, 0.0, 0.0, 7.0],
                [0.0, 1.0, 0.0, -4.0],
            ],
            [
                [0.0, -1.0, 0.0, 3.0],
                [0.0, 0.0, -3.0, 2.0],
                [2.0, 0.0, 0.0, 1.0],
            ],
            [
                [0.8, -1.2, 0.0, 10.0],
                [0.6, 1.6, 0.0, 20.0],
                [0.0, 0.0, 3.0, 30.0],
            ],
            [
                [1.0, 0.3, 0.0, 0.0],
                [0.0, 1.0, 0.0, 0.0],
                [0.0, 0.0, 1.0, 0.0],
            ],
        ];
        let grid = |world_from_voxel| Grid {
            shape: [4, 5, 3],
            world_from_voxel,
            spacing_mm: None,
            is_placed: true,
        };
        maps.map(grid).into()
    }

    #[test]
    fn masks_go_back_to_their_voxels() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mask.nii.gz");
        for grid in grids() {
            for axis in 0..3 {
                let view = grid.view(axis);
                let size = (grid.shape[view.down.0], grid.shape[view.across.0]);
                let mask =
                    Array2::from_shape_fn(size, |(y, x)| y == 0 && x < 2 || (y, x) == (2, 1));
                let place = VolumePlace {
                    grid: grid.clone(),
                    axis,
                };
                write_volume(&path, &place, &[(1, mask.clone())]).expect("writable");
                let volume = Volume::read(&path, None).expect("NIfTI");
                assert!(
                    volume.grid.agrees_with(&grid),
                    "{} is not {grid}",
                    volume.grid
                );
                for ((y, x), &inside) in mask.indexed_iter() {
                    let here = volume.value(view.voxel(grid.shape, 1, [y, x]));
                    assert!((here - f64::from(u8::from(inside))).abs() < 1e-12, "{grid}");
                    let before = volume.value(view.voxel(grid.shape, 0, [y, x]));
                    assert!(before.abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn the_quaternion_says_the_same_as_the_matrix() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mask.nii");
        for (number, grid) in grids().into_iter().enumerate() {
            let mut bytes = nifti_mask_header(&path, &grid).expect("small").to_vec();
            bytes.resize(bytes.len() + 4 * 5 * 3, 0);
            // Without the sform readers look at the qform; the last grid is sheared and has none.
            bytes[254..256].fill(0);
            std::fs::write(&path, &bytes).expect("writable");
            let volume = Volume::read(&path, None).expect("NIfTI");
            let agrees = volume.grid.agrees_with(&grid);
            assert_eq!(agrees, number < 5, "{} and {grid}", volume.grid);
        }
    }

    #[test]
    fn pictures_are_black_and_white() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mask.png");
        let mask = Array2::from_shape_fn((3, 4), |(y, x)| y == 1 && x > 1);
        write_picture(&path, &mask).expect("writable");
        let picture = image::open(&path).expect("a picture").into_luma8();
        assert_eq!(picture.dimensions(), (4, 3));
        for ((y, x), &inside) in mask.indexed_iter() {
            let expected = if inside { 255 } else { 0 };
            assert_eq!(picture.get_pixel(x as u32, y as u32).0, [expected]);
        }
    }
}
