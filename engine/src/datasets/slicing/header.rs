//! Slices as models see them, as far as a header has a say in it. See [`Shown`].

use std::borrow::Cow;

use ndarray::Array3;

use super::values;
use crate::{
    datasets::{
        CaseSource, DatasetError,
        intensity::{
            normalise::{Mapping, Step},
            spread::{Spread, Values},
        },
    },
    formats::{Planes, View},
};

/// The axis along which headers speak of slices.
const LAST: usize = 2;

/// A volume and how its slices are shown.
pub(super) struct Shown<'a> {
    case: &'a CaseSource,
    image: &'a Planes,
    steps: &'a [Step],
    /// What [`Step::Suv`] multiplies by.
    factor: f64,
}

impl<'a> Shown<'a> {
    /// Asks the header for what holds for all slices.
    ///
    /// # Errors
    /// It does not say what uptake values are, and why.
    pub(super) fn of(
        case: &'a CaseSource,
        image: &'a Planes,
        steps: &'a [Step],
    ) -> Result<Self, DatasetError> {
        let factor = if steps.contains(&Step::Suv) {
            let factor = image.facts.suv_factor.clone();
            factor.map_err(DatasetError::Header)?
        } else {
            1.0
        };
        Ok(Self {
            case,
            image,
            steps,
            factor,
        })
    }

    /// Returns a slice in 8-bit RGB.
    ///
    /// # Errors
    /// The header has no window for it; it is not in its file any more.
    pub(super) fn slice(
        &self,
        view: &View,
        index: usize,
        volume: &mut dyn Spread,
    ) -> Result<Array3<u8>, DatasetError> {
        let steps = self.steps_of(view.cut, index)?;
        let slice = values(view, self.image, index)?;
        let mut spread = Values::new(slice.iter().copied());
        let mapping = Mapping::find(&steps, self.factor, 255.0, &mut spread, volume);
        let (height, width) = slice.dim();
        let mut pixels = Vec::with_capacity(3 * slice.len());
        for &value in &slice {
            pixels.extend([mapping.byte(value); 3]);
        }
        let pixels = Array3::from_shape_vec((height, width, 3), pixels);
        Ok(pixels.expect("each pixel has three bytes"))
    }

    /// Returns the steps, with the window of the header in place of the word for it.
    fn steps_of(&self, axis: usize, index: usize) -> Result<Cow<'a, [Step]>, DatasetError> {
        let Some((Step::HeaderWindow, others)) = self.steps.split_first() else {
            return Ok(self.steps.into());
        };
        let windows = &self.image.facts.windows;
        let path = self.case.path.display();
        let window = if axis == LAST {
            windows.get(index).copied().flatten()
        } else {
            let first = windows.first().copied().flatten();
            if windows.iter().any(|window| *window != first) {
                return Err(DatasetError::Header(format!(
                    "{path}: its slices have windows of their own, and `axis: {axis}` cuts across them"
                )));
            }
            first
        };
        let Some(window) = window.and_then(Step::between) else {
            return Err(DatasetError::Header(format!(
                "{path}: its header has no window for slice {index}"
            )));
        };
        Ok([&[window], others].concat().into())
    }
}
