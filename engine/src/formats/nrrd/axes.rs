//! Which axes of an NRRD file are space, and where. See [`Axes`].

use super::fields::{Fields, numbers, vectors};
use crate::formats::{FormatError, Grid, source::Source};

/// The axes of the file, the fastest first.
pub(super) struct Axes {
    pub(super) grid: Grid,
    /// Samples that lie together, all of one volume.
    pub(super) inner: u64,
    /// How many volumes there are.
    pub(super) frames: u64,
    /// How often all volumes follow one another.
    pub(super) outer: u64,
}

/// What space the file speaks of.
enum Space {
    /// The patient's; signs turn its coordinates to right, front and top.
    Patient([f64; 3]),
    /// Some other of three dimensions, or none.
    Other,
}

impl Axes {
    /// Sorts the axes.
    ///
    /// # Errors
    /// Sizes, directions or spacings that contradict each other or make no sense; more than one axis
    /// beside those of space.
    pub(super) fn find(source: Source, fields: &Fields) -> Result<Self, FormatError> {
        let wrong = |name: &str| source.broken(format!("its header's `{name}` makes no sense"));
        let dimension: usize = (fields.need(source, "dimension")?.parse().ok())
            .filter(|dimension| (1..=16).contains(dimension))
            .ok_or_else(|| wrong("dimension"))?;
        let sizes = numbers::<u32>(fields.need(source, "sizes")?)
            .filter(|sizes| sizes.len() == dimension && !sizes.contains(&0))
            .ok_or_else(|| wrong("sizes"))?;
        let directions = match fields.get("spacedirections") {
            None => None,
            Some(text) => Some(
                vectors(text)
                    .filter(|vectors| vectors.len() == dimension)
                    .ok_or_else(|| wrong("space directions"))?,
            ),
        };
        let spatial = spatial_axes(fields, &sizes, directions.as_deref());
        if spatial.is_empty() || spatial.len() > 3 {
            return Err(source.unsupported(format!(
                "has {} axes of space; expected 2 or 3: save one volume per file",
                spatial.len()
            )));
        }

        let others: Vec<usize> = (0..dimension)
            .filter(|axis| !spatial.contains(axis) && sizes[*axis] > 1)
            .collect();
        let product = |axes: std::ops::Range<usize>| {
            axes.fold(1_u64, |all, axis| all.saturating_mul(sizes[axis].into()))
        };
        let (inner, frames, outer) = match others[..] {
            [] => (product(0..dimension), 1, 1),
            [axis] => (
                product(0..axis),
                sizes[axis].into(),
                product(axis + 1..dimension),
            ),
            _ => {
                return Err(source.unsupported(format!(
                    "has {} axes beside those of space; save one volume per file",
                    others.len()
                )));
            }
        };

        let mut shape = [1; 3];
        for (length, &axis) in shape.iter_mut().zip(&spatial) {
            *length = sizes[axis] as usize;
        }
        let grid = if let Some(vectors) = &directions {
            let vectors: Option<Vec<&[f64]>> = (spatial.iter())
                .map(|&axis| vectors[axis].as_deref())
                .collect();
            let vectors = vectors.ok_or_else(|| wrong("space directions"))?;
            placed(source, fields, shape, &vectors)?
        } else {
            let mut mm = [f64::NAN; 3];
            if let Some(text) = fields.get("spacings") {
                let spacings = numbers::<f64>(text)
                    .filter(|spacings| spacings.len() == dimension)
                    .ok_or_else(|| wrong("spacings"))?;
                for (mm, &axis) in mm.iter_mut().zip(&spatial) {
                    *mm = spacings[axis];
                }
            }
            unplaced(shape, mm)
        };
        Ok(Self {
            grid,
            inner,
            frames,
            outer,
        })
    }
}

/// Returns the axes of space: those with a direction, else those that are said to be of space, else
/// the first three, or as many as there are.
fn spatial_axes(
    fields: &Fields,
    sizes: &[u32],
    directions: Option<&[Option<Vec<f64>>]>,
) -> Vec<usize> {
    let all = 0..sizes.len();
    if let Some(directions) = directions {
        return all.filter(|&axis| directions[axis].is_some()).collect();
    }
    let kinds: Vec<&str> = (fields.get("kinds").unwrap_or_default().split_whitespace()).collect();
    if kinds.len() == sizes.len() && !kinds.iter().all(|kind| ["???", "none"].contains(kind)) {
        let is_space = |&axis: &usize| ["domain", "space"].contains(&kinds[axis]);
        return all.filter(is_space).collect();
    }
    all.take(3).collect()
}

/// Returns the grid of axes with these directions.
fn placed(
    source: Source,
    fields: &Fields,
    shape: [usize; 3],
    vectors: &[&[f64]],
) -> Result<Grid, FormatError> {
    let wrong = |name: &str| source.broken(format!("its header's `{name}` makes no sense"));
    let space = match fields.get("space").map(str::to_ascii_lowercase).as_deref() {
        Some("right-anterior-superior" | "ras") => Space::Patient([1.0, 1.0, 1.0]),
        Some("left-anterior-superior" | "las") => Space::Patient([-1.0, 1.0, 1.0]),
        Some("left-posterior-superior" | "lps") => Space::Patient([-1.0, -1.0, 1.0]),
        _ => Space::Other,
    };
    let lengths: Vec<f64> = (vectors.iter())
        .map(|vector| vector.iter().map(|x| x * x).sum::<f64>().sqrt())
        .collect();
    let is_flat = vectors.iter().any(|vector| vector.len() != 3) || vectors.len() != 3;
    let (Space::Patient(signs), false) = (&space, is_flat) else {
        let mut mm = [f64::NAN; 3];
        mm[..lengths.len()].copy_from_slice(&lengths);
        return Ok(unplaced(shape, mm));
    };
    let origin = match fields.get("spaceorigin") {
        None => vec![0.0; 3],
        Some(text) => match vectors_of(text) {
            Some(origin) if origin.len() == 3 => origin,
            _ => return Err(wrong("space origin")),
        },
    };
    let row =
        |w: usize| [vectors[0][w], vectors[1][w], vectors[2][w], origin[w]].map(|x| x * signs[w]);
    let grid = Grid {
        shape,
        world_from_voxel: [row(0), row(1), row(2)],
        spacing_mm: Some([lengths[0], lengths[1], lengths[2]]),
        is_placed: true,
    };
    if grid.is_sound() {
        Ok(grid)
    } else {
        Err(wrong("space directions"))
    }
}

/// Returns the only vector of a text.
fn vectors_of(text: &str) -> Option<Vec<f64>> {
    let [vector] = <[_; 1]>::try_from(vectors(text)?).ok()?;
    vector
}

/// Returns a grid that lies nowhere, of voxels of this size where that is known: the first axis
/// across and the second down when the third is cut.
fn unplaced(shape: [usize; 3], mut mm: [f64; 3]) -> Grid {
    // What has one voxel only need not say how far the next one is.
    for (mm, &length) in mm.iter_mut().zip(&shape) {
        *mm = if length == 1 && mm.is_nan() {
            1.0
        } else {
            mm.abs()
        };
    }
    let is_known = mm.iter().all(|mm| mm.is_finite() && *mm > 0.0);
    let [x, y, z] = if is_known { mm } else { [1.0; 3] };
    Grid {
        shape,
        world_from_voxel: [[-x, 0.0, 0.0, 0.0], [0.0, -y, 0.0, 0.0], [0.0, 0.0, z, 0.0]],
        spacing_mm: is_known.then_some(mm),
        is_placed: false,
    }
}
