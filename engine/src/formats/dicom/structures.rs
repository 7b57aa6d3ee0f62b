//! RTSTRUCT: regions of interest as contours. See [`StructureSet`].

use std::path::Path;

use dicom_dictionary_std::tags;

use super::{
    Instance, PlacingError,
    attributes::{integer, items, parse_numbers, text},
    contours::{Contour, fill},
    frames::turn,
};
use crate::formats::{FormatError, Grid};

/// One region of interest.
#[derive(Clone, Debug)]
pub struct Roi {
    /// Its number in the file.
    pub number: i64,
    /// What it is called.
    pub name: String,
    /// Closed contours; points and lines are left out.
    contours: Vec<Contour>,
}

/// A structure set: regions of interest, each a set of closed planar contours.
pub struct StructureSet {
    instance: Instance,
    /// In the order of the file.
    pub rois: Vec<Roi>,
}

impl StructureSet {
    /// Reads a structure set.
    ///
    /// # Errors
    /// No structure set; coordinates that are none.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let instance = Instance::open(path)?;
        let data = &instance.data;
        if data.get(tags::STRUCTURE_SET_ROI_SEQUENCE).is_none() {
            return Err(instance.unsupported("is no structure set; move it elsewhere"));
        }
        let mut rois = Vec::new();
        for item in items(data, tags::STRUCTURE_SET_ROI_SEQUENCE) {
            let Some(number) = integer(item, tags::ROI_NUMBER) else {
                return Err(instance.broken("has a region of interest without a number"));
            };
            let mut contours = Vec::new();
            let drawn = items(data, tags::ROI_CONTOUR_SEQUENCE)
                .iter()
                .filter(|drawn| integer(drawn, tags::REFERENCED_ROI_NUMBER) == Some(number))
                .flat_map(|drawn| items(drawn, tags::CONTOUR_SEQUENCE));
            for contour in drawn {
                let kind = text(contour, tags::CONTOUR_GEOMETRIC_TYPE).unwrap_or_default();
                if !kind.starts_with("CLOSED") {
                    continue;
                }
                let coordinates = (contour.get(tags::CONTOUR_DATA))
                    .and_then(|data| parse_numbers(&data.to_str().ok()?))
                    .filter(|numbers| numbers.len() % 3 == 0);
                let coordinates = coordinates.ok_or_else(|| {
                    instance.broken(format!(
                        "region {number} has a contour whose coordinates are no triples of numbers"
                    ))
                })?;
                let points = coordinates
                    .chunks_exact(3)
                    .map(|c| turn([c[0], c[1], c[2]]));
                contours.push(points.collect());
            }
            rois.push(Roi {
                number,
                name: text(item, tags::ROI_NAME).unwrap_or_default(),
                contours,
            });
        }
        Ok(Self { instance, rois })
    }

    /// Calls `visit` with the place, in stored order, of every voxel whose centre lies inside a
    /// region's contours. Several contours in one plane are combined by exclusive or, so that an inner one
    /// is a hole; a keyhole contour is one, too. Contours belong to the slice nearest to their
    /// plane; of several planes within one slice, the nearest to its middle counts.
    ///
    /// # Errors
    /// [`PlacingError::Elsewhere`] if a contour lies more than half a slice distance beyond the
    /// stack, or does not lie within one slice.
    pub fn place(
        &self,
        roi: &Roi,
        grid: &Grid,
        visit: &mut dyn FnMut(usize),
    ) -> Result<(), PlacingError> {
        fill(&roi.contours, grid, visit).map_err(|geometry| PlacingError::Elsewhere {
            path: self.instance.path.clone(),
            geometry: format!("region `{}`, {geometry}", roi.name),
        })
    }
}

impl Roi {
    /// Returns whether there is anything to fill.
    pub fn has_contours(&self) -> bool {
        !self.contours.is_empty()
    }
}
