//! The pixels of a series, slice by slice. See [`Slices`].

use std::cell::RefCell;

use super::{content::Content, layout::Layout, pixels::Pixels};
use crate::formats::{
    Facts, FormatError, Grid, Planes,
    planes::Voxels,
    volume::{ByteOrder, Coding, Sample, Scaling},
};

/// The slices of a series. Their pixels stay in the files, and are decoded when a slice is asked for.
pub(in crate::formats) struct Slices {
    files: Vec<SeriesFile>,
    /// From the first slice to the last.
    frames: Vec<SliceFrame>,
    storage: Storage,
    /// The file of the last slice that was read, by its number: the next one may be in it too.
    opened: RefCell<Option<(usize, Content)>>,
}

/// One file of a series, without its attributes. All files have the same size and kind of picture.
pub(super) struct SeriesFile {
    pub(super) pixels: Pixels,
    /// The stored values that stand for no measurement, from the first to the last.
    pub(super) padding: Option<[i64; 2]>,
}

/// Which frame a slice is.
pub(super) struct SliceFrame {
    /// The number of its file in the series, from 0.
    pub(super) file: usize,
    /// Its number in its file, from 0.
    pub(super) index: usize,
    pub(super) scaling: Scaling,
}

impl Slices {
    /// Makes slices of the frames of these files, at least one.
    pub(super) fn new(files: Vec<SeriesFile>, frames: Vec<SliceFrame>) -> Self {
        let first = frames[0].scaling;
        let is_even = frames.iter().all(|frame| frame.scaling == first);
        Self {
            storage: Storage::new(&files, is_even.then_some(first)),
            files,
            frames,
            opened: RefCell::default(),
        }
    }

    /// Returns them as a volume on this grid.
    pub(super) fn planes(self, grid: Grid, facts: Facts) -> Planes {
        let scaling = self.storage.scaling.unwrap_or(Scaling::NONE);
        let coding = Coding::new(self.storage.sample, ByteOrder::Little, scaling);
        let mut planes = Planes::new(grid, coding, Voxels::Slices(self))
            .expect("the grid was made of the same frames");
        planes.facts = facts;
        planes
    }

    /// Returns how many bytes all of them take as they are kept.
    pub(in crate::formats) fn bytes(&self) -> u64 {
        let Layout { rows, columns, .. } = self.files[0].pixels.layout;
        (rows * columns * self.storage.sample.bytes()) as u64 * self.frames.len() as u64
    }

    /// Returns the samples of a slice, row by row: upright where low values are meant to be white, and
    /// with the darkest value in the place of padding.
    ///
    /// # Errors
    /// They are not there any more, or what the decoder says.
    pub(in crate::formats) fn read(&self, slice: usize) -> Result<Vec<u8>, FormatError> {
        let frame = &self.frames[slice];
        let SeriesFile { pixels, padding } = &self.files[frame.file];
        let mut opened = self.opened.borrow_mut();
        let content = match &mut *opened {
            Some((file, content)) if *file == frame.file => content,
            // The last one is closed before: of what is deflated, all would be in memory twice.
            other => {
                *other = None;
                &mut other.insert((frame.file, pixels.open()?)).1
            }
        };
        let layout = &pixels.layout;
        let mut samples = gray(pixels.frame(content, frame.index)?, layout);
        let is_inverted = layout.photometric == "MONOCHROME1";
        if let Some(padding) = *padding {
            hide(&mut samples, padding, is_inverted);
        }
        if is_inverted {
            let [low, high] = layout.range();
            for sample in &mut samples {
                *sample = low + high - *sample;
            }
        }
        Ok(self.storage.bytes(&samples, frame.scaling))
    }

    /// Returns the samples of all slices.
    ///
    /// # Errors
    /// As [`Slices::read`].
    pub(in crate::formats) fn read_all(&self) -> Result<Vec<u8>, FormatError> {
        let mut bytes = Vec::new();
        for slice in 0..self.frames.len() {
            bytes.extend(self.read(slice)?);
        }
        Ok(bytes)
    }
}

/// How the samples of a volume are kept.
#[derive(Clone, Copy)]
struct Storage {
    sample: Sample,
    /// Of all slices; `None` if each has its own, and samples are kept scaled.
    scaling: Option<Scaling>,
}

impl Storage {
    fn new(files: &[SeriesFile], scaling: Option<Scaling>) -> Self {
        let ranges = files.iter().map(|file| file.pixels.layout.range());
        let [low, high] = ranges.fold([0, 0], |[low, high], range| {
            [low.min(range[0]), high.max(range[1])]
        });
        let sample = match scaling {
            None => Sample::F32,
            Some(_) if low >= 0 && high <= u8::MAX.into() => Sample::U8,
            Some(_) if low >= 0 && high <= u16::MAX.into() => Sample::U16,
            Some(_) if low >= i16::MIN.into() && high <= i16::MAX.into() => Sample::I16,
            Some(_) if low >= i32::MIN.into() && high <= i32::MAX.into() => Sample::I32,
            Some(_) => Sample::I64,
        };
        Self { sample, scaling }
    }

    /// Returns the bytes of samples as they are kept. `scaling` is that of their slice.
    fn bytes(self, samples: &[i64], scaling: Scaling) -> Vec<u8> {
        fn each<const N: usize>(samples: &[i64], bytes: impl Fn(i64) -> [u8; N]) -> Vec<u8> {
            let mut all = vec![0; N * samples.len()];
            for (place, &stored) in all.as_chunks_mut().0.iter_mut().zip(samples) {
                *place = bytes(stored);
            }
            all
        }
        match self.sample {
            Sample::U8 => each(samples, |stored| [stored as u8]),
            Sample::U16 => each(samples, |stored| (stored as u16).to_le_bytes()),
            Sample::I16 => each(samples, |stored| (stored as i16).to_le_bytes()),
            Sample::I32 => each(samples, |stored| (stored as i32).to_le_bytes()),
            Sample::F32 => each(samples, |stored| {
                let value = stored as f64 * scaling.slope + scaling.intercept;
                (value as f32).to_le_bytes()
            }),
            _ => each(samples, i64::to_le_bytes),
        }
    }
}

/// Replaces padding by the darkest value of the frame: the lowest, or in an inverted one the highest.
/// A frame of nothing but padding stays.
fn hide(samples: &mut [i64], [first, last]: [i64; 2], is_inverted: bool) {
    let is_padding = |sample: i64| (first..=last).contains(&sample);
    let real = || {
        samples
            .iter()
            .copied()
            .filter(|&sample| !is_padding(sample))
    };
    let darkest = if is_inverted {
        real().max()
    } else {
        real().min()
    };
    if let Some(darkest) = darkest {
        for sample in samples.iter_mut().filter(|sample| is_padding(**sample)) {
            *sample = darkest;
        }
    }
}

/// Returns one value per pixel.
fn gray(samples: Vec<i64>, layout: &Layout) -> Vec<i64> {
    if layout.samples == 1 {
        return samples;
    }
    let is_luminance_first = layout.photometric.starts_with("YBR_FULL");
    let pixel = |pixel: &[i64]| {
        if is_luminance_first {
            pixel[0]
        } else {
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(|sample| sample as f64);
            // ITU-R BT.601.
            (0.299 * r + 0.587 * g + 0.114 * b).round() as i64
        }
    };
    samples.chunks_exact(layout.samples).map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_becomes_the_darkest_value() {
        let mut samples = vec![-2000, 5, -1990, 9, 7];
        hide(&mut samples, [-2000, -1990], false);
        assert_eq!(samples, [5, 5, 5, 9, 7]);
        hide(&mut samples, [5, 5], true);
        assert_eq!(samples, [9, 9, 9, 9, 7]);
        hide(&mut samples, [0, 10], false);
        assert_eq!(samples, [9, 9, 9, 9, 7]);
    }
}
