//! DICOM SEG: binary, fractional and label maps. See [`Segmentation`].

use std::path::Path;

use dicom_dictionary_std::tags;

use super::{
    Instance, Kind, PlacingError, SliceSource, Summary,
    attributes::{integer, text},
    frames::{Frame, Plane, dot, frames},
    layout::Layout,
    pixels::Pixels,
    stack::stack,
};
use crate::formats::{FormatError, Grid, Placing};

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number in the file.
    pub number: i64,
    /// What it is called.
    pub label: String,
}

/// A segmentation: segments, and frames that show them. Segments may overlap, and frames without a
/// pixel are usually left out.
pub struct Segmentation {
    instance: Instance,
    layout: Layout,
    frames: Vec<Frame>,
    kind: Pixel,
    /// In the order of the file.
    pub segments: Vec<Segment>,
}

/// What a pixel says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pixel {
    /// Whether it belongs to the frame's segment.
    Inside,
    /// How much, up to this.
    Part(f64),
    /// The number of its segment.
    Number,
}

impl Segmentation {
    /// Reads what a segmentation says of itself; its pixels are read when it is placed.
    ///
    /// # Errors
    /// No segmentation; an unknown kind of one; a frame without a segment.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let instance = Instance::open(path)?;
        let layout = Layout::read(&instance)?;
        let kind = match text(&instance.data, tags::SEGMENTATION_TYPE).as_deref() {
            Some("BINARY") => Pixel::Inside,
            Some("FRACTIONAL") => {
                let most = integer(&instance.data, tags::MAXIMUM_FRACTIONAL_VALUE);
                let most = most.filter(|&most| most > 0);
                Pixel::Part(most.ok_or_else(|| {
                    instance.broken("does not say which value stands for wholly inside")
                })? as f64)
            }
            Some("LABELMAP") => Pixel::Number,
            other => {
                return Err(instance.unsupported(format!(
                    "is no segmentation of a known kind ({}); export it as BINARY",
                    other.unwrap_or("none")
                )));
            }
        };
        if layout.samples != 1 {
            return Err(instance.unsupported("is a segmentation in colour; export it as BINARY"));
        }
        if integer(&instance.data, tags::TOTAL_PIXEL_MATRIX_COLUMNS).is_some() {
            return Err(instance.unsupported(
                "is the segmentation of a slide in tiles; export a region of it as pictures",
            ));
        }
        let frames = frames(&instance, layout.frames)?;
        let lone = frames.iter().position(|frame| frame.segment.is_none());
        if let Some(lone) = lone.filter(|_| kind != Pixel::Number) {
            return Err(instance.broken(format!("frame {} belongs to no segment", lone + 1)));
        }
        let Kind::Truth { objects, .. } = Summary::of(&instance).kind else {
            return Err(instance.unsupported("is no segmentation; move it elsewhere"));
        };
        let segment = |(number, label)| Segment { number, label };
        Ok(Self {
            segments: objects.into_iter().map(segment).collect(),
            frames,
            layout,
            kind,
            instance,
        })
    }

    /// Calls `visit` with the number of a segment and the place of a voxel in stored order, for every
    /// voxel of every segment on the grid of an image. Frames may be cropped, flipped or turned
    /// against the image, as long as pixels meet voxels to a tenth of one.
    ///
    /// Of a fractional segmentation, what belongs at least by `threshold` (0 to 1) counts.
    ///
    /// # Errors
    /// [`PlacingError::Elsewhere`] if pixels lie between voxels, or beyond them; a fractional
    /// segmentation without a threshold; what the pixels have wrong.
    pub fn place(
        &self,
        grid: &Grid,
        slices: &[SliceSource],
        threshold: Option<f64>,
        visit: &mut dyn FnMut(i64, usize),
    ) -> Result<(), PlacingError> {
        let least = match (self.kind, threshold) {
            (Pixel::Part(most), Some(threshold)) => most * threshold,
            (Pixel::Part(_), None) => {
                return Err(self
                    .instance
                    .unsupported("is a fractional segmentation; declare `fractional: 0.5` to take what belongs by half or more")
                    .into());
            }
            _ => 0.0,
        };
        let placing = grid.placing();
        let pixels = Pixels::find(&self.instance, self.layout.clone())?;
        let content = pixels.open()?;
        for frame in &self.frames {
            let samples = pixels.frame(&content, frame.index)?;
            let is_inside = |sample: i64| sample != 0 && sample as f64 >= least;
            if !samples.iter().any(|&sample| is_inside(sample)) {
                continue;
            }
            let way = self
                .way(frame, grid, placing.as_ref(), slices)
                .ok_or_else(|| self.elsewhere())?;
            for (pixel, &sample) in samples.iter().enumerate() {
                if !is_inside(sample) {
                    continue;
                }
                let (x, y) = (pixel % self.layout.columns, pixel / self.layout.columns);
                let voxel = way
                    .voxel(x, y, grid.shape)
                    .ok_or_else(|| self.elsewhere())?;
                let number = match self.kind {
                    Pixel::Number => sample,
                    _ => frame.segment.unwrap_or_default(),
                };
                visit(number, voxel);
            }
        }
        Ok(())
    }

    /// Returns how the pixels of a frame lie on the voxels; `None` if they lie elsewhere.
    fn way(
        &self,
        frame: &Frame,
        grid: &Grid,
        placing: Option<&Placing>,
        slices: &[SliceSource],
    ) -> Option<Way> {
        if let Some((plane, mm)) = frame.plane.zip(frame.spacing_mm) {
            return Way::find(
                &plane,
                mm,
                [self.layout.columns, self.layout.rows],
                placing?,
            );
        }
        // Pictures without a place: the frame is as large as the image it was drawn on.
        let [columns, rows, _] = grid.shape;
        if (columns, rows) != (self.layout.columns, self.layout.rows) {
            return None;
        }
        let slice = slices.iter().position(|slice| {
            frame.sources.iter().any(|(instance, numbers)| {
                let has_frame = |number: &i64| *number == slice.frame as i64 + 1;
                *instance == slice.instance && (numbers.is_empty() || numbers.iter().any(has_frame))
            })
        })?;
        Some(Way {
            first: [0, 0, slice as i64],
            across: [1, 0, 0],
            down: [0, 1, 0],
        })
    }

    fn elsewhere(&self) -> PlacingError {
        PlacingError::Elsewhere {
            path: self.instance.path.clone(),
            geometry: self.geometry(),
        }
    }

    /// Describes where the frames lie.
    fn geometry(&self) -> String {
        let (columns, rows) = (self.layout.columns, self.layout.rows);
        let mut planes: Vec<Frame> = Vec::new();
        for frame in &self.frames {
            let is_new = planes.iter().all(|other| other.plane != frame.plane);
            if is_new && planes.len() < MOST_SHOWN {
                planes.push(frame.clone());
            }
        }
        match stack(&planes, columns, rows) {
            Ok(stack) => stack.grid.to_string(),
            // Sparse frames are no stack, but the first one has a place.
            Err(_) => match stack(&planes[..1], columns, rows) {
                Ok(stack) => format!("{}, and {} more planes", stack.grid, planes.len() - 1),
                Err(_) => format!("{columns}×{rows} pixels without a place"),
            },
        }
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.instance.path
    }
}

/// How many planes a message counts.
const MOST_SHOWN: usize = 4096;

/// How far a pixel may lie from the centre of a voxel, in voxels; as for [`Grid::agrees_with`].
const SAME_PLACE: f64 = 0.1;

/// Which voxels the pixels of a frame are.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Way {
    /// The voxel of the first pixel; may lie beside the grid.
    first: [i64; 3],
    /// From a pixel to its right neighbour.
    across: [i64; 3],
    /// From a pixel to the one below.
    down: [i64; 3],
}

impl Way {
    /// Compares the corners of a frame with voxels.
    fn find(plane: &Plane, mm: [f64; 2], size: [usize; 2], placing: &Placing) -> Option<Self> {
        let voxel = |x: f64, y: f64| {
            let place = [0, 1, 2].map(|w| {
                plane.position[w] + plane.across[w] * mm[1] * x + plane.down[w] * mm[0] * y
            });
            placing.voxel(place)
        };
        let nearest = |voxel: [f64; 3]| {
            let near = voxel.map(f64::round);
            let off = [0, 1, 2].map(|axis| voxel[axis] - near[axis]);
            (dot(off, off).sqrt() <= SAME_PLACE).then(|| near.map(|x| x as i64))
        };
        let first = nearest(voxel(0.0, 0.0))?;
        // Pixels that are nearly, but not quite, as large as voxels drift off towards the corners.
        let step = |length: usize, corner: &dyn Fn(f64) -> [f64; 3]| {
            let length = (length.max(2) - 1) as i64;
            let far = nearest(corner(length as f64))?;
            let way = [0, 1, 2].map(|axis| far[axis] - first[axis]);
            let is_axis = way.iter().map(|way| way.abs()).sum::<i64>() == length
                && way.iter().any(|way| way.abs() == length);
            is_axis.then(|| way.map(i64::signum))
        };
        let across = step(size[0], &|x| voxel(x, 0.0))?;
        let down = step(size[1], &|y| voxel(0.0, y))?;
        Some(Self {
            first,
            across,
            down,
        })
    }

    /// Returns the place of a pixel in stored order; `None` beside the grid.
    fn voxel(&self, x: usize, y: usize, shape: [usize; 3]) -> Option<usize> {
        let mut place = 0;
        for axis in [2, 1, 0] {
            let index =
                self.first[axis] + self.across[axis] * x as i64 + self.down[axis] * y as i64;
            let index = usize::try_from(index)
                .ok()
                .filter(|&index| index < shape[axis])?;
            place = place * shape[axis] + index;
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid {
            shape: [8, 6, 4],
            world_from_voxel: [
                [-0.5, 0.0, 0.0, 10.0],
                [0.0, -0.5, 0.0, 20.0],
                [0.0, 0.0, 2.0, 30.0],
            ],
            spacing_mm: Some([0.5, 0.5, 2.0]),
            is_placed: true,
        }
    }

    fn way(plane: &Plane, mm: [f64; 2], size: [usize; 2]) -> Option<Way> {
        Way::find(
            plane,
            mm,
            size,
            &grid().placing().expect("it can be inverted"),
        )
    }

    #[test]
    fn frames_may_be_cropped_and_turned() {
        let mut plane = Plane {
            position: [9.0, 19.52, 34.0],
            across: [-1.0, 0.0, 0.0],
            down: [0.0, -1.0, 0.0],
        };
        let found = way(&plane, [0.5; 2], [4, 3]).expect("it lies on voxels");
        assert_eq!(found.first, [2, 1, 2]);
        assert_eq!(found.voxel(1, 2, grid().shape), Some(3 + 8 * (3 + 6 * 2)));
        assert_eq!(found.voxel(6, 0, grid().shape), None);
        // One row of a coronal frame: across goes up, down goes left.
        plane.across = [0.0, 0.0, 1.0];
        plane.down = [1.0, 0.0, 0.0];
        let found = way(&plane, [0.5, 2.0], [2, 2]).expect("it lies on voxels");
        assert_eq!((found.across, found.down), ([0, 0, 1], [-1, 0, 0]));
    }

    #[test]
    fn frames_between_voxels_lie_elsewhere() {
        let plane = |z: f64| Plane {
            position: [10.0, 20.0, z],
            across: [-1.0, 0.0, 0.0],
            down: [0.0, -1.0, 0.0],
        };
        assert!(way(&plane(30.0), [0.5; 2], [8, 6]).is_some());
        assert!(way(&plane(30.9), [0.5; 2], [8, 6]).is_none());
        assert!(way(&plane(30.0), [0.6; 2], [8, 6]).is_none());
        assert!(way(&plane(30.0), [1.0; 2], [4, 3]).is_none());
    }
}
