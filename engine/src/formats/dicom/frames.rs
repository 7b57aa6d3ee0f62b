//! Where each plane of pixels lies, and how it is scaled. See [`Frame`].

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::{
    Instance,
    attributes::{first, integer, items, number, numbers, text, vector},
};
use crate::formats::{FormatError, volume::Scaling};

/// A plane of pixels.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Its number in the file, from 0.
    pub(super) index: usize,
    /// Where it lies in the patient, where known.
    pub(super) plane: Option<Plane>,
    /// Distance between rows and between columns in millimetres, where known.
    pub(super) spacing_mm: Option<[f64; 2]>,
    /// How far the next plane is, or how thick this one is, in millimetres.
    pub(super) thickness_mm: Option<f64>,
    pub(super) scaling: Scaling,
    /// The scaled values that the header shows as black and white.
    pub(super) window: Option<[f64; 2]>,
    /// The segment it shows, in a segmentation.
    pub(super) segment: Option<i64>,
    /// The images it was made from: UIDs, with frame numbers from 1 if not all frames are meant.
    pub(super) sources: Vec<(String, Vec<i64>)>,
}

/// Where a plane lies: right, front and top, in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plane {
    /// The centre of the first pixel.
    pub(super) position: [f64; 3],
    /// Along a row, of length 1.
    pub(super) across: [f64; 3],
    /// Along a column, of length 1.
    pub(super) down: [f64; 3],
}

/// How far directions may be from unit length and from square: what rounding to a few digits leaves.
const NEARLY_SQUARE: f64 = 1e-2;

impl Plane {
    /// Returns the direction in which the planes of a stack follow one another.
    pub(super) fn normal(&self) -> [f64; 3] {
        cross(self.across, self.down)
    }

    /// Turns DICOM's position and orientation into ours; `None` if rows and columns do not stand
    /// square on one another.
    fn new(position: [f64; 3], orientation: [f64; 6]) -> Option<Self> {
        let [a, b, c, d, e, f] = orientation;
        let (across, down) = ([a, b, c], [d, e, f]);
        let is_unit = |v: [f64; 3]| (dot(v, v).sqrt() - 1.0).abs() < NEARLY_SQUARE;
        (is_unit(across) && is_unit(down) && dot(across, down).abs() < NEARLY_SQUARE).then(|| {
            Self {
                position: turn(position),
                across: turn(unit(across)),
                down: turn(unit(down)),
            }
        })
    }
}

/// Turns left, back, top into right, front, top.
pub(super) fn turn([x, y, z]: [f64; 3]) -> [f64; 3] {
    [-x, -y, z]
}

pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = dot(v, v).sqrt();
    v.map(|x| x / length)
}

/// Returns the frames of a file, in order. `count` is how many it says it has.
///
/// # Errors
/// Functional groups that are fewer than the frames; an orientation that is none; a scale that is
/// no number; values that go through a table.
pub(super) fn frames(instance: &Instance, count: usize) -> Result<Vec<Frame>, FormatError> {
    let data = &instance.data;
    if !items(data, tags::MODALITY_LUT_SEQUENCE).is_empty() {
        return Err(instance.unsupported(
            "maps its values through a table (Modality LUT); export it with a rescale slope and intercept",
        ));
    }
    let per_frame = items(data, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = first(data, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    if per_frame.is_empty() && shared.is_none() {
        return plain_frames(instance, count);
    }
    if per_frame.len() != count {
        return Err(instance.broken(format!(
            "has {count} frames, but describes {}",
            per_frame.len()
        )));
    }
    let frame = |(index, own): (usize, &InMemDicomObject)| {
        let groups = Groups { own, shared };
        groups.frame(instance, index)
    };
    per_frame.iter().enumerate().map(frame).collect()
}

/// Returns the frames of a file without functional groups: they share what the file says.
fn plain_frames(instance: &Instance, count: usize) -> Result<Vec<Frame>, FormatError> {
    let data = &instance.data;
    let frame = Frame {
        index: 0,
        plane: plane(instance, data, data)?,
        spacing_mm: spacing(instance, data)?,
        thickness_mm: number(data, tags::SPACING_BETWEEN_SLICES)
            .or_else(|| number(data, tags::SLICE_THICKNESS))
            .filter(|&mm| mm > 0.0),
        scaling: scaling(instance, data)?,
        window: window(data),
        segment: None,
        sources: Vec::new(),
    };
    if count == 1 {
        return Ok(vec![frame]);
    }
    // One position is not enough for several frames, unless it is said how far they are apart.
    let offsets = numbers(data, tags::GRID_FRAME_OFFSET_VECTOR).filter(|all| all.len() == count);
    let at = |index: usize| {
        let plane = frame.plane.zip(offsets.as_ref()).map(|(plane, offsets)| {
            let normal = plane.normal();
            let offset = offsets[index] - offsets[0];
            let position = [0, 1, 2].map(|w| plane.position[w] + normal[w] * offset);
            Plane { position, ..plane }
        });
        Frame {
            index,
            plane,
            ..frame.clone()
        }
    };
    Ok((0..count).map(at).collect())
}

/// What is said of one frame, and of all.
struct Groups<'a> {
    own: &'a InMemDicomObject,
    shared: Option<&'a InMemDicomObject>,
}

impl Groups<'_> {
    /// Returns a functional group's only item.
    fn get(&self, sequence: Tag) -> Option<&InMemDicomObject> {
        first(self.own, sequence).or_else(|| first(self.shared?, sequence))
    }

    fn frame(&self, instance: &Instance, index: usize) -> Result<Frame, FormatError> {
        let position = self.get(tags::PLANE_POSITION_SEQUENCE);
        let orientation = self.get(tags::PLANE_ORIENTATION_SEQUENCE);
        let plane = match position.zip(orientation) {
            Some((position, orientation)) => plane(instance, position, orientation)?,
            None => None,
        };
        let measures = self.get(tags::PIXEL_MEASURES_SEQUENCE);
        let values = self.get(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
        let thickness = |measures| {
            number(measures, tags::SPACING_BETWEEN_SLICES)
                .or_else(|| number(measures, tags::SLICE_THICKNESS))
        };
        let images = items(self.own, tags::DERIVATION_IMAGE_SEQUENCE)
            .iter()
            .flat_map(|derivation| items(derivation, tags::SOURCE_IMAGE_SEQUENCE));
        let source = |image| {
            let numbers = numbers(image, tags::REFERENCED_FRAME_NUMBER).unwrap_or_default();
            let numbers = numbers.into_iter().map(|number| number as i64).collect();
            Some((text(image, tags::REFERENCED_SOP_INSTANCE_UID)?, numbers))
        };
        Ok(Frame {
            index,
            plane,
            spacing_mm: match measures {
                Some(measures) => spacing(instance, measures)?,
                None => None,
            },
            thickness_mm: measures.and_then(thickness).filter(|&mm| mm > 0.0),
            scaling: match values {
                Some(values) => scaling(instance, values)?,
                None => Scaling::NONE,
            },
            window: self.get(tags::FRAME_VOILUT_SEQUENCE).and_then(window),
            segment: self
                .get(tags::SEGMENT_IDENTIFICATION_SEQUENCE)
                .and_then(|item| integer(item, tags::REFERENCED_SEGMENT_NUMBER)),
            sources: images.filter_map(source).collect(),
        })
    }
}

/// Returns where a plane lies; `None` if nothing is said.
fn plane(
    instance: &Instance,
    position: &InMemDicomObject,
    orientation: &InMemDicomObject,
) -> Result<Option<Plane>, FormatError> {
    let is_said = |data: &InMemDicomObject, tag| text(data, tag).is_some();
    if !is_said(position, tags::IMAGE_POSITION_PATIENT)
        || !is_said(orientation, tags::IMAGE_ORIENTATION_PATIENT)
    {
        return Ok(None);
    }
    vector::<3>(position, tags::IMAGE_POSITION_PATIENT)
        .zip(vector::<6>(orientation, tags::IMAGE_ORIENTATION_PATIENT))
        .and_then(|(position, orientation)| Plane::new(position, orientation))
        .map(Some)
        .ok_or_else(|| {
            instance.broken(
                "its ImagePositionPatient and ImageOrientationPatient are no place in space",
            )
        })
}

/// Returns the distance between rows and between columns: in the patient, or else, for projections
/// (DX, CR), on the detector.
fn spacing(instance: &Instance, data: &InMemDicomObject) -> Result<Option<[f64; 2]>, FormatError> {
    let spacings = [
        tags::PIXEL_SPACING,
        tags::IMAGER_PIXEL_SPACING,
        tags::NOMINAL_SCANNED_PIXEL_SPACING,
    ];
    let Some(said) = spacings.into_iter().find(|&tag| text(data, tag).is_some()) else {
        return Ok(None);
    };
    match vector::<2>(data, said) {
        Some(mm) if mm.iter().all(|&mm| mm > 0.0) => Ok(Some(mm)),
        _ => Err(instance.broken(format!(
            "its pixel spacing {} is no pair of millimetres",
            text(data, said).unwrap_or_default()
        ))),
    }
}

fn scaling(instance: &Instance, data: &InMemDicomObject) -> Result<Scaling, FormatError> {
    let value = |tag, missing| match text(data, tag) {
        None => Ok(missing),
        Some(text) => {
            number(data, tag).ok_or_else(|| instance.broken(format!("scales its values by {text}")))
        }
    };
    let slope = value(tags::RESCALE_SLOPE, 1.0)?;
    let intercept = value(tags::RESCALE_INTERCEPT, 0.0)?;
    if slope == 0.0 {
        return Err(instance.broken("scales its values by 0"));
    }
    Ok(Scaling { slope, intercept })
}

/// Returns the values shown as black and white by the first window of the header (PS3.3 section
/// C.11.2.1.2).
fn window(data: &InMemDicomObject) -> Option<[f64; 2]> {
    let centre = number(data, tags::WINDOW_CENTER)?;
    let width = number(data, tags::WINDOW_WIDTH)?;
    let is_exact = text(data, tags::VOILUT_FUNCTION).as_deref() == Some("LINEAR_EXACT");
    let [low, high] = if is_exact {
        [centre - width / 2.0, centre + width / 2.0]
    } else {
        let half = (width - 1.0) / 2.0;
        [centre - 0.5 - half, centre - 0.5 + half]
    };
    (width > 0.0).then_some([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_turned_to_right_front_top() {
        let plane = Plane::new([10.0, -20.0, 30.0], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let expected = Plane {
            position: [-10.0, 20.0, 30.0],
            across: [-1.0, 0.0, 0.0],
            down: [0.0, -1.0, 0.0],
        };
        assert_eq!(plane, Some(expected));
        assert!((expected.normal()[2] - 1.0).abs() < 1e-12);
        assert_eq!(Plane::new([0.0; 3], [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]), None);
        assert_eq!(Plane::new([0.0; 3], [0.0; 6]), None);
    }
}
