//! Where a slice lies in a model's frame. See [`Geometry`].

use kernels::pillow;

/// Height and width in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// A slice is resized so that its longer side fills a square frame; the rest of the frame, at the
/// right or the bottom, is padding (`ResizeLongestSide` of the reference). A stretched one fills all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// The slice as it came.
    pub slice: Size,
    /// The slice as the encoder sees it, without padding.
    pub input: Size,
    /// The frame's side.
    pub frame: usize,
    /// How many pixels of the frame a step right and a step down on the slice are.
    scale: [f64; 2],
}

impl Geometry {
    /// Of a slice of at least one pixel.
    pub fn new(height: usize, width: usize, frame: usize) -> Self {
        // The reference shrinks a very thin side to nothing and then fails.
        let [input_height, input_width] =
            pillow::longest_side([height, width], frame).map(|side| side.max(1));
        Self {
            slice: Size { height, width },
            input: Size {
                height: input_height,
                width: input_width,
            },
            frame,
            scale: [
                input_width as f64 / width as f64,
                input_height as f64 / height as f64,
            ],
        }
    }

    /// Returns the geometry with prompts scaled by the frame's side over the slice's longer one, not
    /// by the input's rounded size: LiteMedSAM's rule.
    #[must_use]
    pub fn with_one_scale(self) -> Self {
        let longest = self.slice.height.max(self.slice.width);
        Self {
            scale: [self.frame as f64 / longest as f64; 2],
            ..self
        }
    }

    /// Of a slice that is stretched to fill the frame, each side by its own scale: MedSAM's rule.
    pub fn stretched(height: usize, width: usize, frame: usize) -> Self {
        Self {
            slice: Size { height, width },
            input: Size {
                height: frame,
                width: frame,
            },
            frame,
            scale: [frame as f64 / width as f64, frame as f64 / height as f64],
        }
    }

    /// Maps (x, y) of the slice, in pixels, to the frame.
    pub fn frame_from_slice(&self, x: f64, y: f64) -> [f32; 2] {
        [(x * self.scale[0]) as f32, (y * self.scale[1]) as f32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_fills_the_frame() {
        for (height, width, expected) in [
            (468, 564, (850, 1024)),
            (1023, 1024, (1023, 1024)),
            (2000, 1333, (1024, 682)),
            (1, 1, (1024, 1024)),
            (1, 5000, (1, 1024)),
        ] {
            let input = Geometry::new(height, width, 1024).input;
            assert_eq!((input.height, input.width), expected);
        }
    }

    #[test]
    fn one_scale_is_that_of_the_longer_side() {
        let geometry = Geometry::new(2000, 1333, 256);
        for (geometry, expected) in [
            (geometry, [171.0, 256.0]),
            (geometry.with_one_scale(), [170.624, 256.0]),
        ] {
            let [x, y] = geometry.frame_from_slice(1333.0, 2000.0);
            assert!((x - expected[0]).abs() < 1e-4 && (y - expected[1]).abs() < 1e-4);
        }
    }

    #[test]
    fn a_stretched_slice_fills_the_frame() {
        let geometry = Geometry::stretched(100, 400, 1024);
        assert_eq!((geometry.input.height, geometry.input.width), (1024, 1024));
        let [x, y] = geometry.frame_from_slice(100.0, 100.0);
        assert_eq!((x, y), (256.0, 1024.0));
    }

    #[test]
    fn points_scale_by_the_rounded_size() {
        let geometry = Geometry::new(468, 564, 1024);
        let [x, y] = geometry.frame_from_slice(564.0, 468.0);
        assert_eq!((x, y), (1024.0, 850.0));
    }
}
