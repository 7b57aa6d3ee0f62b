//! Masks as COCO's run lengths. See [`Rle`].

use ndarray::{Array2, ArrayView2, ShapeBuilder as _};
use serde::{Deserialize, Serialize};

/// A mask in COCO's compressed run-length encoding, as `pycocotools.mask.decode` takes it.
///
/// Runs go down the columns and begin with background. From the third on, each is the difference to
/// the run two before. Numbers are written in groups of five bits, the lowest first, with a
/// continuation bit, each group as the character 48 + group (cocoapi, `rleToString`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rle {
    /// Height and width.
    pub size: [usize; 2],
    /// The runs, as text.
    pub counts: String,
}

/// Why a text is no mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RleError {
    /// The mask is of another slice.
    #[error("a mask of {found:?} pixels, expected {expected:?} (height and width)")]
    Size {
        /// As in the file.
        found: [usize; 2],
        /// Of the slice.
        expected: [usize; 2],
    },
    /// The text is no sequence of runs.
    #[error("run lengths that cannot be read")]
    Counts,
    /// The runs do not add up to the mask's pixels.
    #[error("run lengths that do not add up to the size")]
    Sum,
}

impl Rle {
    /// Encodes a mask, `[height, width]`.
    pub fn encode(bitmap: ArrayView2<'_, bool>) -> Self {
        let mut runs = vec![0i64];
        let mut current = false;
        // The transposed view's logical order is down the columns.
        for &pixel in bitmap.t() {
            if pixel != current {
                runs.push(0);
                current = pixel;
            }
            *runs.last_mut().expect("it starts with one run") += 1;
        }
        let mut counts = String::new();
        for (index, &run) in runs.iter().enumerate() {
            let base = if index > 2 { runs[index - 2] } else { 0 };
            write_number(run - base, &mut counts);
        }
        let (height, width) = bitmap.dim();
        Self {
            size: [height, width],
            counts,
        }
    }

    /// Decodes the mask of a slice of `[height, width]` pixels.
    ///
    /// # Errors
    /// The text is damaged, or of another size; memory is taken for a mask of the size given only.
    pub fn decode(&self, shape: [usize; 2]) -> Result<Array2<bool>, RleError> {
        if self.size != shape {
            return Err(RleError::Size {
                found: self.size,
                expected: shape,
            });
        }
        let pixels = shape[0] * shape[1];
        let mut bits = Vec::with_capacity(pixels);
        let mut runs: Vec<i64> = Vec::new();
        let mut text = self.counts.bytes();
        while let Some(number) = read_number(&mut text)? {
            let index = runs.len();
            let base = if index > 2 { runs[index - 2] } else { 0 };
            let run = base.checked_add(number).ok_or(RleError::Counts)?;
            let length = usize::try_from(run).map_err(|_| RleError::Counts)?;
            if length > pixels - bits.len() {
                return Err(RleError::Sum);
            }
            bits.resize(bits.len() + length, index % 2 == 1);
            runs.push(run);
        }
        if bits.len() < pixels {
            return Err(RleError::Sum);
        }
        let columns = Array2::from_shape_vec(shape.f(), bits).expect("as many as the shape says");
        Ok(columns.as_standard_layout().into_owned())
    }
}

fn write_number(mut number: i64, text: &mut String) {
    loop {
        let group = (number & 0x1f) as u8;
        number >>= 5;
        // The group's top bit is the sign of the rest.
        let more = if group & 0x10 == 0 {
            number != 0
        } else {
            number != -1
        };
        text.push(char::from(48 + group + if more { 0x20 } else { 0 }));
        if !more {
            return;
        }
    }
}

/// Reads one number; `None` at the end of the text.
fn read_number(text: &mut impl Iterator<Item = u8>) -> Result<Option<i64>, RleError> {
    let mut number = 0i64;
    for shift in (0..60).step_by(5) {
        let Some(byte) = text.next() else {
            return if shift == 0 {
                Ok(None)
            } else {
                Err(RleError::Counts)
            };
        };
        let group = byte.checked_sub(48).filter(|&group| group < 64);
        let group = i64::from(group.ok_or(RleError::Counts)?);
        number |= (group & 0x1f) << shift;
        if group & 0x20 == 0 {
            if group & 0x10 != 0 {
                number |= -1 << (shift + 5);
            }
            return Ok(Some(number));
        }
    }
    Err(RleError::Counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_is_that_of_the_format() {
        // Down the columns: 5 off, 3 on, 1 off, 2 on, 9 off; the differences from the fourth run on
        // are 2 - 3 = -1 and 9 - 1 = 8, written "O" and "8".
        let bits = [(5, false), (3, true), (1, false), (2, true), (9, false)]
            .into_iter()
            .flat_map(|(length, bit)| std::iter::repeat_n(bit, length))
            .collect();
        let bitmap = Array2::from_shape_vec((4, 5).f(), bits).expect("twenty pixels");
        let rle = Rle::encode(bitmap.view());
        assert_eq!((rle.size, rle.counts.as_str()), ([4, 5], "531O8"));
        assert_eq!(rle.decode([4, 5]).expect("whole"), bitmap);
    }

    #[test]
    fn full_and_empty_masks_are_short() {
        let full = Rle::encode(Array2::from_elem((16, 16), true).view());
        assert_eq!(full.counts, "0P8", "0 off, 256 on");
        let empty = Rle::encode(Array2::from_elem((2, 3), false).view());
        assert_eq!(empty.counts, "6");
    }

    #[test]
    fn damaged_text_is_refused() {
        let rle = |counts: &str| Rle {
            size: [4, 5],
            counts: counts.to_owned(),
        };
        for (counts, error) in [
            ("", RleError::Sum),
            ("5", RleError::Sum),
            ("531O8o", RleError::Counts),
            ("ooooooooooooooooo", RleError::Counts),
            ("é", RleError::Counts),
            ("!", RleError::Counts),
            ("O", RleError::Counts),
            ("PPPPPPPPPP1", RleError::Sum),
        ] {
            assert_eq!(rle(counts).decode([4, 5]), Err(error), "{counts:?}");
        }
        let lying = Rle {
            size: [usize::MAX, usize::MAX],
            counts: "0".to_owned(),
        };
        assert!(matches!(lying.decode([4, 5]), Err(RleError::Size { .. })));
    }

    proptest! {
        #[test]
        fn masks_survive(
            height in 1usize..30, width in 1usize..30,
            runs in prop::collection::vec(1usize..60, 1..40),
        ) {
            let mut bits: Vec<_> = runs.iter().enumerate()
                .flat_map(|(index, &run)| std::iter::repeat_n(index % 2 == 0, run)).collect();
            bits.resize(height * width, false);
            let bitmap = Array2::from_shape_vec((height, width), bits).expect("resized");
            let rle = Rle::encode(bitmap.view());
            prop_assert_eq!(rle.decode([height, width]), Ok(bitmap));
        }

        #[test]
        fn any_text_is_a_mask_or_an_error(counts in "[0-o]{0,30}") {
            let rle = Rle { size: [7, 9], counts };
            if let Ok(bitmap) = rle.decode([7, 9]) {
                prop_assert_eq!(Rle::encode(bitmap.view()).decode([7, 9]), Ok(bitmap));
            }
        }
    }
}
