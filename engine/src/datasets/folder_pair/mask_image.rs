//! Which pixels of a mask picture belong to an object. See [`MaskImage`].

use std::{collections::BTreeSet, path::Path};

use ndarray::{Array2, Axis};

use crate::{
    datasets::{DatasetError, objects::Inside},
    formats::raster::Raster,
};

/// How far the channels of a gray pixel may lie apart, of 255: the rounding of a JPEG.
const NEARLY_GRAY: u16 = 8;
/// How many values or colours a message lists.
const LISTED: usize = 8;
const BLACK: [u8; 3] = [0; 3];

/// A mask as read from a picture.
pub(super) struct MaskImage<'a> {
    pub(super) path: &'a Path,
    pub(super) raster: &'a Raster,
    /// The colours of all objects declared by colour.
    pub(super) colours: &'a [[u8; 3]],
}

impl MaskImage<'_> {
    /// Returns the pixels that belong to an object.
    ///
    /// # Errors
    /// A rule for gray values on a mask in colour.
    pub(super) fn inside(&self, rule: &Inside) -> Result<Array2<bool>, DatasetError> {
        Ok(match rule {
            Inside::Nonzero => self.values()?.mapv(|value| value != 0),
            Inside::Values(wanted) => self
                .values()?
                .mapv(|value| wanted.contains(&i64::from(value))),
            Inside::Above(limit) => self.grays()?.mapv(|gray| gray > *limit),
            Inside::Paper => {
                let bytes = self.grays()?.mapv(|gray| gray as u8);
                let has_white = bytes.iter().any(|&byte| byte == 255);
                bytes.mapv(|byte| if has_white { byte == 255 } else { byte != 0 })
            }
            Inside::Colour(r, g, b) => self.nearest(|colour| colour == [*r, *g, *b]),
        })
    }

    /// Returns the pixels where some object is, also one that was not declared, if this rule is how
    /// objects show in the mask.
    pub(super) fn anything(&self, rule: &Inside) -> Result<Array2<bool>, DatasetError> {
        match rule {
            Inside::Values(_) => self.inside(&Inside::Nonzero),
            Inside::Colour(..) => Ok(self.nearest(|colour| colour != BLACK)),
            Inside::Nonzero | Inside::Above(_) | Inside::Paper => self.inside(rule),
        }
    }

    /// Says what the mask holds, for a user who expected something else.
    pub(super) fn describe(&self) -> String {
        let (what, kinds) = match self.values() {
            Ok(values) => ("values", list(values.iter().map(u16::to_string))),
            Err(_) => ("colours", list(self.rgb().into_iter().map(show_colour))),
        };
        format!("{} holds the {what} {kinds}", self.path.display())
    }

    /// Returns values as stored; of a palette, the indices.
    fn values(&self) -> Result<Array2<u16>, DatasetError> {
        match self.raster {
            Raster::Gray8(gray) => Ok(gray.mapv(u16::from)),
            Raster::Gray16(gray) => Ok(gray.clone()),
            Raster::Palette { indices, .. } => Ok(indices.mapv(u16::from)),
            Raster::Rgb8(rgb) => self.gray(
                rgb.map_axis(Axis(2), |p| [p[0], p[1], p[2]].map(u16::from)),
                NEARLY_GRAY,
            ),
            Raster::Rgb16(rgb) => self.gray(
                rgb.map_axis(Axis(2), |p| [p[0], p[1], p[2]]),
                NEARLY_GRAY * 257,
            ),
        }
    }

    /// Returns gray values on the scale 0…255; of a palette, those of the colours.
    fn grays(&self) -> Result<Array2<f64>, DatasetError> {
        match self.raster {
            Raster::Gray8(_) | Raster::Rgb8(_) => Ok(self.values()?.mapv(f64::from)),
            Raster::Gray16(_) | Raster::Rgb16(_) => {
                Ok(self.values()?.mapv(|value| f64::from(value) / 257.0))
            }
            Raster::Palette { indices, colours } => {
                let rgb = indices.mapv(|index| colours[usize::from(index)].map(u16::from));
                Ok(self.gray(rgb, NEARLY_GRAY)?.mapv(f64::from))
            }
        }
    }

    /// Returns the largest channel of pixels that are gray, or nearly.
    fn gray(&self, rgb: Array2<[u16; 3]>, tolerance: u16) -> Result<Array2<u16>, DatasetError> {
        let extremes = |[r, g, b]: [u16; 3]| (r.min(g).min(b), r.max(g).max(b));
        let is_gray = |&pixel: &[u16; 3]| {
            let (low, high) = extremes(pixel);
            high - low <= tolerance
        };
        if rgb.iter().all(is_gray) {
            return Ok(rgb.mapv(|pixel| extremes(pixel).1));
        }
        Err(DatasetError::Coloured {
            path: self.path.to_owned(),
            seen: list(self.rgb().into_iter().map(show_colour)),
        })
    }

    /// Returns the colours of all pixels, 8 bits per channel.
    fn rgb(&self) -> Array2<[u8; 3]> {
        let high = |value: u16| (value >> 8) as u8;
        match self.raster {
            Raster::Gray8(gray) => gray.mapv(|value| [value; 3]),
            Raster::Gray16(gray) => gray.mapv(|value| [high(value); 3]),
            Raster::Rgb8(rgb) => rgb.map_axis(Axis(2), |p| [p[0], p[1], p[2]]),
            Raster::Rgb16(rgb) => rgb.map_axis(Axis(2), |p| [p[0], p[1], p[2]].map(high)),
            Raster::Palette { indices, colours } => {
                indices.mapv(|index| colours[usize::from(index)])
            }
        }
    }

    /// Tests the nearest of black and the objects' colours; the earlier one of two equally near.
    fn nearest(&self, test: impl Fn([u8; 3]) -> bool) -> Array2<bool> {
        let distance = |a: [u8; 3], b: [u8; 3]| -> u32 {
            a.iter()
                .zip(b)
                .map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2))
                .sum()
        };
        self.rgb().mapv(|pixel| {
            let mut nearest = BLACK;
            for &colour in self.colours {
                if distance(pixel, colour) < distance(pixel, nearest) {
                    nearest = colour;
                }
            }
            test(nearest)
        })
    }
}

fn show_colour([r, g, b]: [u8; 3]) -> String {
    format!("({r}, {g}, {b})")
}

/// Lists what is different among the items, up to [`LISTED`] of them.
fn list(items: impl Iterator<Item = String>) -> String {
    let mut kinds = Vec::new();
    let mut seen = BTreeSet::new();
    for item in items {
        if seen.insert(item.clone()) {
            kinds.push(item);
        }
        if kinds.len() > LISTED {
            return format!("{}, …", kinds[..LISTED].join(", "));
        }
    }
    kinds.join(", ")
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};

    use super::*;

    fn inside(raster: &Raster, colours: &[[u8; 3]], rule: &Inside) -> Vec<bool> {
        let mask = MaskImage {
            path: Path::new("mask.png"),
            raster,
            colours,
        };
        mask.inside(rule)
            .expect("the rule suits the mask")
            .into_iter()
            .collect()
    }

    #[test]
    fn gray_rules() {
        let soft = Raster::Gray8(array![[0, 1, 127, 128, 254, 255]]);
        let hard = Raster::Gray8(array![[0, 1, 127, 128, 254, 254]]);
        let (no, yes) = (false, true);
        assert_eq!(
            inside(&soft, &[], &Inside::Above(127.0)),
            [no, no, no, yes, yes, yes]
        );
        assert_eq!(
            inside(&soft, &[], &Inside::Nonzero),
            [no, yes, yes, yes, yes, yes]
        );
        assert_eq!(
            inside(&soft, &[], &Inside::Paper),
            [no, no, no, no, no, yes]
        );
        assert_eq!(
            inside(&hard, &[], &Inside::Paper),
            [no, yes, yes, yes, yes, yes]
        );
        assert_eq!(
            inside(&soft, &[], &Inside::Values(vec![1, 254])),
            [no, yes, no, no, yes, no]
        );
    }

    #[test]
    fn sixteen_bits_are_scaled_for_thresholds_and_kept_for_values() {
        let mask = Raster::Gray16(array![[0, 127, 300, 32639, 32896, 65535]]);
        let (no, yes) = (false, true);
        assert_eq!(
            inside(&mask, &[], &Inside::Above(127.0)),
            [no, no, no, no, yes, yes]
        );
        assert_eq!(
            inside(&mask, &[], &Inside::Values(vec![300])),
            [no, no, yes, no, no, no]
        );
        assert_eq!(
            inside(&mask, &[], &Inside::Paper),
            [no, no, no, no, no, yes]
        );
    }

    #[test]
    fn a_palette_counts_by_index_or_by_colour() {
        let mask = Raster::Palette {
            indices: array![[0, 1, 2]],
            colours: vec![[0; 3], [255, 0, 0], [0, 255, 0]],
        };
        assert_eq!(
            inside(&mask, &[], &Inside::Values(vec![2])),
            [false, false, true]
        );
        assert_eq!(inside(&mask, &[], &Inside::Nonzero), [false, true, true]);
        let colours = [[255, 0, 0], [0, 255, 0]];
        assert_eq!(
            inside(&mask, &colours, &Inside::Colour(255, 0, 0)),
            [false, true, false]
        );
    }

    #[test]
    fn the_nearest_colour_counts() {
        let pixels = [
            [0, 0, 0],
            [0, 100, 0],
            [0, 140, 10],
            [200, 90, 0],
            [120, 130, 0],
        ];
        let rgb = Array3::from_shape_fn((1, 5, 3), |(_, x, c)| pixels[x][c]);
        let mask = Raster::Rgb8(rgb);
        let colours = [[0, 255, 0], [255, 0, 0]];
        assert_eq!(
            inside(&mask, &colours, &Inside::Colour(0, 255, 0)),
            [false, false, true, false, true]
        );
        assert_eq!(
            inside(&mask, &colours, &Inside::Colour(255, 0, 0)),
            [false, false, false, true, false]
        );
    }

    #[test]
    fn colour_where_gray_was_declared_is_refused() {
        let rgb = Array3::from_shape_fn(
            (1, 2, 3),
            |(_, x, c)| if x == 1 && c == 1 { 255 } else { 0 },
        );
        let raster = Raster::Rgb8(rgb);
        let mask = MaskImage {
            path: Path::new("mask.png"),
            raster: &raster,
            colours: &[],
        };
        let error = mask
            .inside(&Inside::Above(127.0))
            .err()
            .map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "mask.png: is a mask in colour ((0, 0, 0), (0, 255, 0)), but its objects are declared by \
                 gray value; declare them as `inside: colour(r, g, b)`"
            )
        );
    }
}
