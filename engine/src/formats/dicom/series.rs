//! The files of a series as one volume. See [`Series`].

use std::path::PathBuf;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::Deserialize;

use super::{
    Instance,
    attributes::{integer, text},
    frames::{Frame, frames},
    pixels::{Layout, Pixels},
    stack::{Misfit, stack},
    suv,
};
use crate::formats::{
    Facts, FormatError, Volume,
    volume::{ByteOrder, Sample, Scaling},
};

/// What to do with pictures in colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// They are not read.
    #[default]
    Refuse,
    /// They are read as their luminance, 0.299 R + 0.587 G + 0.114 B.
    Gray,
}

/// A series of images as one volume.
pub struct Series {
    /// The first axis runs along rows, the second along columns, the third from slice to slice.
    ///
    /// Values are rescaled, each slice by its own slope and intercept. Where low values are meant to be
    /// white (`MONOCHROME1`), values are turned round within the range of their bits, so that high is white
    /// everywhere. Padding becomes the darkest value beside it.
    pub volume: Volume,
    /// Which file and frame each slice comes from.
    pub slices: Vec<SliceSource>,
}

/// Where a slice comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceSource {
    /// Identifies the file.
    pub instance: String,
    /// The number of the frame in its file, from 0.
    pub frame: usize,
}

/// One frame and the file that it is in.
struct Piece {
    file: usize,
    frame: Frame,
}

/// One file, without its attributes.
struct Part {
    instance: Instance,
    layout: Layout,
    uid: String,
    padding: Option<[i64; 2]>,
}

impl Series {
    /// Reads the files of one series, in whatever order.
    ///
    /// # Errors
    /// Files of several series, sizes, orientations or spacings; slices that are missing, double or
    /// uneven; colours, unless they are asked for; what a single file may have wrong.
    pub fn read(files: &[PathBuf], colour: Colour) -> Result<Self, FormatError> {
        let mut parts: Vec<Part> = Vec::with_capacity(files.len());
        let mut pieces = Vec::new();
        let mut series: Option<String> = None;
        let mut head = None;
        let mut acquired: Option<f64> = None;
        for path in files {
            let mut instance = Instance::open(path)?;
            let data = std::mem::replace(&mut instance.data, InMemDicomObject::new_empty());
            let uid = text(&data, tags::SERIES_INSTANCE_UID).unwrap_or_default();
            if series.get_or_insert_with(|| uid.clone()) != &uid {
                return Err(instance.unsupported(format!(
                    "is of another series than {}; keep one series per folder, or choose one",
                    files[0].display()
                )));
            }
            let time = text(&data, tags::ACQUISITION_TIME)
                .as_deref()
                .and_then(suv::seconds);
            acquired = [acquired, time].into_iter().flatten().reduce(f64::min);
            instance.data = data;
            let layout = Layout::read(&instance)?;
            check_kind(&instance, &layout, colour)?;
            if let Some(first) = parts.first() {
                check_same(first, &instance, &layout)?;
            }
            let file = parts.len();
            let found = frames(&instance, layout.frames)?;
            pieces.extend(found.into_iter().map(|frame| Piece { file, frame }));
            let data = std::mem::replace(&mut instance.data, InMemDicomObject::new_empty());
            parts.push(Part {
                padding: padding(&data, &layout),
                uid: text(&data, tags::SOP_INSTANCE_UID).unwrap_or_default(),
                instance,
                layout,
            });
            head.get_or_insert(data);
        }
        let (Some(first), Some(head)) = (parts.first(), head) else {
            unreachable!("a series has files");
        };
        let planes: Vec<Frame> = pieces.iter().map(|piece| piece.frame.clone()).collect();
        let (columns, rows) = (first.layout.columns, first.layout.rows);
        let stack =
            stack(&planes, columns, rows).map_err(|misfit| explain(&misfit, &parts, &pieces))?;
        let pieces: Vec<&Piece> = stack.order.iter().map(|&index| &pieces[index]).collect();

        let scalings: Vec<Scaling> = pieces.iter().map(|piece| piece.frame.scaling).collect();
        let is_even = scalings.iter().all(|scaling| *scaling == scalings[0]);
        let storage = Storage::new(&parts, is_even.then_some(scalings[0]));
        let bytes = read_samples(&parts, &pieces, storage)?;
        let volume = Volume::new(
            stack.grid,
            storage.sample,
            ByteOrder::Little,
            storage.scaling.unwrap_or(Scaling::NONE),
            bytes,
        );
        let facts = Facts {
            windows: pieces
                .iter()
                .map(|piece| window(piece, &parts[piece.file].layout))
                .collect(),
            suv_factor: suv::suv_factor(&head, acquired)
                .map_err(|problem| format!("{}: {problem}", files[0].display())),
        };
        Ok(Self {
            volume: volume
                .expect("as many samples were read as the frames have pixels")
                .with_facts(facts),
            slices: pieces
                .iter()
                .map(|piece| SliceSource {
                    instance: parts[piece.file].uid.clone(),
                    frame: piece.frame.index,
                })
                .collect(),
        })
    }
}

/// Refuses what is no picture of one value per pixel.
fn check_kind(instance: &Instance, layout: &Layout, colour: Colour) -> Result<(), FormatError> {
    if integer(&instance.data, tags::TOTAL_PIXEL_MATRIX_COLUMNS).is_some() {
        return Err(instance.unsupported("is a slide in tiles; export a region of it as a picture"));
    }
    match (layout.photometric.as_str(), layout.samples) {
        ("MONOCHROME1" | "MONOCHROME2" | "", 1) => Ok(()),
        ("RGB" | "YBR_FULL" | "YBR_FULL_422" | "YBR_RCT" | "YBR_ICT", 3) => match colour {
            Colour::Gray => Ok(()),
            Colour::Refuse => Err(instance.unsupported(format!(
                "is in colour ({}); declare `colour: gray` to read its luminance",
                layout.photometric
            ))),
        },
        (other, samples) => Err(instance.unsupported(format!(
            "has {samples} samples per pixel, {other}; convert it to MONOCHROME2"
        ))),
    }
}

fn check_same(first: &Part, instance: &Instance, layout: &Layout) -> Result<(), FormatError> {
    let size = |layout: &Layout| (layout.columns, layout.rows);
    if size(&first.layout) != size(layout) {
        return Err(instance.unsupported(format!(
            "is {}×{} pixels, but {} of the same series is {}×{}; keep them in folders of their own",
            layout.columns,
            layout.rows,
            first.instance.path.display(),
            first.layout.columns,
            first.layout.rows
        )));
    }
    if first.layout.photometric != layout.photometric {
        return Err(instance.unsupported(format!(
            "is {}, but {} of the same series is {}; keep them in folders of their own",
            layout.photometric,
            first.instance.path.display(),
            first.layout.photometric
        )));
    }
    Ok(())
}

/// Returns the stored values that stand for no measurement.
fn padding(data: &InMemDicomObject, layout: &Layout) -> Option<[i64; 2]> {
    // Some writers store −2000 as an unsigned number.
    let value = |tag| integer(data, tag).map(|number| layout.interpret(number));
    let first = value(tags::PIXEL_PADDING_VALUE)?;
    let last = value(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(first);
    Some([first.min(last), first.max(last)])
}

/// Returns the window of a slice in the values of the volume.
fn window(piece: &Piece, layout: &Layout) -> Option<[f64; 2]> {
    let [low, high] = piece.frame.window?;
    if layout.photometric != "MONOCHROME1" {
        return Some([low, high]);
    }
    let Scaling { slope, intercept } = piece.frame.scaling;
    let [first, last] = layout.range();
    let ends = slope * (first + last) as f64 + 2.0 * intercept;
    Some([ends - high, ends - low])
}

/// How the samples of a volume are kept.
#[derive(Clone, Copy)]
struct Storage {
    sample: Sample,
    /// Of all slices; `None` if each has its own, and samples are kept scaled.
    scaling: Option<Scaling>,
}

impl Storage {
    fn new(parts: &[Part], scaling: Option<Scaling>) -> Self {
        let ranges = parts.iter().map(|part| part.layout.range());
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

    fn push(self, bytes: &mut Vec<u8>, stored: i64, scaling: Scaling) {
        match self.sample {
            Sample::U8 => bytes.push(stored as u8),
            Sample::U16 => bytes.extend((stored as u16).to_le_bytes()),
            Sample::I16 => bytes.extend((stored as i16).to_le_bytes()),
            Sample::I32 => bytes.extend((stored as i32).to_le_bytes()),
            Sample::F32 => {
                let value = stored as f64 * scaling.slope + scaling.intercept;
                bytes.extend((value as f32).to_le_bytes());
            }
            _ => bytes.extend(stored.to_le_bytes()),
        }
    }
}

/// Reads the samples of all frames, in the order of the slices.
fn read_samples(
    parts: &[Part],
    pieces: &[&Piece],
    storage: Storage,
) -> Result<Vec<u8>, FormatError> {
    let mut bytes = Vec::new();
    let mut open: Option<(usize, Pixels)> = None;
    for piece in pieces {
        let part = &parts[piece.file];
        let pixels = match &mut open {
            Some((file, pixels)) if *file == piece.file => pixels,
            other => {
                let pixels = Pixels::open(&part.instance, part.layout.clone())?;
                &mut other.insert((piece.file, pixels)).1
            }
        };
        let mut samples = gray(pixels.frame(piece.frame.index)?, &part.layout);
        let is_inverted = part.layout.photometric == "MONOCHROME1";
        if let Some(padding) = part.padding {
            hide(&mut samples, padding, is_inverted);
        }
        let [low, high] = part.layout.range();
        for stored in samples {
            let stored = if is_inverted {
                low + high - stored
            } else {
                stored
            };
            storage.push(&mut bytes, stored, piece.frame.scaling);
        }
    }
    Ok(bytes)
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

/// Says why frames are no stack.
fn explain(misfit: &Misfit, parts: &[Part], pieces: &[Piece]) -> FormatError {
    let name = |index: usize| {
        let piece = &pieces[index];
        let part = &parts[piece.file];
        let path = part.instance.path.display();
        if part.layout.frames == 1 {
            path.to_string()
        } else {
            format!("frame {} of {path}", piece.frame.index + 1)
        }
    };
    let (index, problem) = match *misfit {
        Misfit::NoPlace(index) => (
            index,
            "has no ImagePositionPatient, but others of its series have; restore it, or remove the file"
                .to_owned(),
        ),
        Misfit::NoSpacing(index) => (
            index,
            "has no PixelSpacing; export it again with its geometry".to_owned(),
        ),
        Misfit::Orientation(first, other) => (
            other,
            format!(
                "is turned against {} of the same series; keep each orientation in a folder of its own",
                name(first)
            ),
        ),
        Misfit::Spacing(first, other) => (
            other,
            format!(
                "has other distances between its pixels than {} of the same series; keep them in folders of their own",
                name(first)
            ),
        ),
        Misfit::Double(first, other) => (
            other,
            format!(
                "lies where {} does: the series has several times, echoes or copies; keep one of each place in the folder",
                name(first)
            ),
        ),
        Misfit::Gap(before, after, missing) => (
            before,
            format!(
                "{missing} slice{} missing between it and {}; restore {} from the source",
                if missing == 1 { " is" } else { "s are" },
                name(after),
                if missing == 1 { "it" } else { "them" }
            ),
        ),
        Misfit::Uneven(before, after, mm) => (
            after,
            format!(
                "lies {mm:.2} mm from where the distance between slices puts it after {}; resample the series evenly, or restore missing slices",
                name(before)
            ),
        ),
    };
    parts[pieces[index].file].instance.unsupported(problem)
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
