//! NumPy arrays (`.npy`) as volumes and as pictures. See [`read`] and [`read_picture`].
//!
//! Source: `numpy.lib.format`, versions 1.0 to 3.0. Pickled objects are refused, never unpacked.

mod header;
mod picture;

use half::f16;

pub(super) use header::MARK;
use header::{Header, Kind};
pub(super) use picture::read_picture;

use super::{
    FormatError, Grid, Planes,
    planes::Voxels,
    samples::{Samples, Stored},
    source::{Opened, Source},
    volume::{ByteOrder, Sample, Scaling},
};

/// Opens an array of two or three axes as a volume; of four, the one numbered `frame` along the
/// first axis. The volume's axes are the array's; where they lie in the patient is not known, and
/// slices are shown as stored: of the two axes that are not cut, the first runs down.
///
/// # Errors
/// What is broken, or promised and not there, or of a kind that is no image.
pub(super) fn read(
    source: Source,
    mut opened: Opened,
    frame: Option<u32>,
) -> Result<Planes, FormatError> {
    let header = Header::read(source, &mut opened.reader)?;
    let (shape, frames) = match header.shape[..] {
        [i, j] => ([i, j, 1], 1),
        [i, j, k] => ([i, j, k], 1),
        [frames, i, j, k] => ([i, j, k], frames as u64),
        _ => {
            return Err(source.unsupported(format!(
                "has {} axes; expected 2 or 3, or 4 for several volumes",
                header.shape.len()
            )));
        }
    };
    let frame = source.choose(frame, frames, "")?;
    let voxels = shape
        .iter()
        .fold(1, |all: u64, &n| all.saturating_mul(n as u64));
    // In Fortran's order, the volumes' number runs fastest.
    let (inner, outer) = if header.is_fortran && frames > 1 {
        (1, voxels)
    } else {
        (voxels, 1)
    };
    let samples = Samples {
        shape,
        sample: header.kind.sample(),
        order: header.order,
        outer,
        frames,
        inner,
        frame,
    };
    let stored = if header.kind == Kind::Half {
        let bytes = samples.read_plain(source, opened, 0)?;
        Stored {
            sample: Sample::F32,
            order: ByteOrder::Little,
            voxels: Voxels::Held(widened(&bytes, samples.order)),
        }
    } else {
        samples.find_plain(source, opened, 0)?
    };
    let grid = Grid {
        shape,
        world_from_voxel: [
            [0.0, 0.0, -1.0, 0.0],
            [0.0, -1.0, 0.0, 0.0],
            [-1.0, 0.0, 0.0, 0.0],
        ],
        spacing_mm: None,
        is_placed: false,
    };
    let planes = stored.planes(grid, Scaling::NONE);
    Ok(if header.is_fortran {
        planes
    } else {
        planes.last_axis_fastest()
    })
}

/// From half to single precision, the lowest byte first.
fn widened(bytes: &[u8], order: ByteOrder) -> Vec<u8> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let wide = pairs.iter().flat_map(|&pair| {
        let half = match order {
            ByteOrder::Little => f16::from_le_bytes(pair),
            ByteOrder::Big => f16::from_be_bytes(pair),
        };
        half.to_f32().to_le_bytes()
    });
    wide.collect()
}
