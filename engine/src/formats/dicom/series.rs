//! The files of a series as one volume. See [`Series`].

use std::path::PathBuf;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::Deserialize;

use super::{
    Instance,
    attributes::{integer, text},
    frames::{Frame, frames},
    layout::Layout,
    misfit::Misfit,
    pixels::Pixels,
    slices::{SeriesFile, SliceFrame, Slices},
    stack::stack,
    suv,
};
use crate::formats::{Facts, FormatError, Planes, volume::Scaling};

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

/// A series of images as one volume, whose pixels stay in the files until a slice is asked for.
pub struct Series {
    /// The first axis runs along rows, the second along columns, the third from slice to slice.
    ///
    /// Values are rescaled, each slice by its own slope and intercept. Where low values are meant to be
    /// white (`MONOCHROME1`), values are turned round within the range of their bits, so that high is white
    /// everywhere. Padding becomes the darkest value beside it.
    pub volume: Planes,
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

impl Series {
    /// Reads the headers of the files of one series, in whatever order, and finds their pixels.
    ///
    /// # Errors
    /// Files of several series, sizes, orientations or spacings; slices that are missing, double or
    /// uneven; colours, unless they are asked for; pixels that are compressed in a way that is not read, or
    /// are not there; what else a single file may have wrong in its header. What is wrong with the pixels
    /// themselves is told when they are asked for.
    pub fn read(files: &[PathBuf], colour: Colour) -> Result<Self, FormatError> {
        let mut headers = Headers::default();
        for path in files {
            headers.add(Instance::open(path)?, colour)?;
        }
        headers.stack()
    }
}

/// What the headers of a series say, file by file.
#[derive(Default)]
struct Headers {
    files: Vec<SeriesFile>,
    /// Identify the files.
    uids: Vec<String>,
    pieces: Vec<Piece>,
    /// The attributes of the first file.
    head: Option<InMemDicomObject>,
    /// The earliest acquisition time, in seconds of its day.
    acquired: Option<f64>,
}

/// One frame, and the number of the file that it is in.
struct Piece {
    file: usize,
    frame: Frame,
}

impl Headers {
    /// Adds those of a file, and finds its pixels.
    fn add(&mut self, instance: Instance, colour: Colour) -> Result<(), FormatError> {
        let data = &instance.data;
        let first = self.head.as_ref().zip(self.files.first());
        if let Some((head, first)) = first {
            check_series(head, &first.pixels, &instance)?;
        }
        let layout = Layout::read(&instance)?;
        check_kind(&instance, &layout, colour)?;
        if let Some((_, first)) = first {
            check_same(&first.pixels, &instance, &layout)?;
        }
        let time = text(data, tags::ACQUISITION_TIME)
            .as_deref()
            .and_then(suv::seconds);
        self.acquired = [self.acquired, time].into_iter().flatten().reduce(f64::min);
        let file = self.files.len();
        let found = frames(&instance, layout.frames)?.into_iter();
        self.pieces.extend(found.map(|frame| Piece { file, frame }));
        self.uids
            .push(text(data, tags::SOP_INSTANCE_UID).unwrap_or_default());
        self.files.push(SeriesFile {
            padding: padding(data, &layout),
            pixels: Pixels::find(&instance, layout)?,
        });
        self.head.get_or_insert(instance.data);
        Ok(())
    }

    /// Puts the frames in order.
    fn stack(self) -> Result<Series, FormatError> {
        let (Some(first), Some(head)) = (self.files.first(), &self.head) else {
            unreachable!("a series has files");
        };
        let Layout { columns, rows, .. } = first.pixels.layout;
        let planes: Vec<Frame> = (self.pieces.iter())
            .map(|piece| piece.frame.clone())
            .collect();
        let stack = stack(&planes, columns, rows).map_err(|misfit| self.explain(&misfit))?;
        let suv_factor = suv::suv_factor(head, self.acquired);
        let path = first.pixels.source().path.display();
        let pieces = || stack.order.iter().map(|&index| &self.pieces[index]);
        let facts = Facts {
            windows: pieces()
                .map(|piece| window(&piece.frame, &self.files[piece.file].pixels.layout))
                .collect(),
            suv_factor: suv_factor.map_err(|problem| format!("{path}: {problem}")),
        };
        let slices = pieces().map(|piece| SliceSource {
            instance: self.uids[piece.file].clone(),
            frame: piece.frame.index,
        });
        let slices = slices.collect();
        let frames = pieces().map(|piece| SliceFrame {
            file: piece.file,
            index: piece.frame.index,
            scaling: piece.frame.scaling,
        });
        let frames = frames.collect();
        Ok(Series {
            volume: Slices::new(self.files, frames).planes(stack.grid, facts),
            slices,
        })
    }

    /// Says why frames are no stack.
    fn explain(&self, misfit: &Misfit) -> FormatError {
        let pixels = |index: usize| &self.files[self.pieces[index].file].pixels;
        let (index, problem) = misfit.explain(|index| {
            let path = pixels(index).source().path.display();
            if pixels(index).layout.frames == 1 {
                path.to_string()
            } else {
                format!("frame {} of {path}", self.pieces[index].frame.index + 1)
            }
        });
        pixels(index).source().unsupported(problem)
    }
}

/// Refuses a file of another series than the first.
fn check_series(
    head: &InMemDicomObject,
    first: &Pixels,
    instance: &Instance,
) -> Result<(), FormatError> {
    let [series, expected] =
        [&instance.data, head].map(|data| text(data, tags::SERIES_INSTANCE_UID));
    if series == expected {
        return Ok(());
    }
    Err(instance.unsupported(format!(
        "is of another series than {}; keep one series per folder, or choose one",
        first.source().path.display()
    )))
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

/// Refuses a picture of another size or kind than those of the first file.
fn check_same(first: &Pixels, instance: &Instance, layout: &Layout) -> Result<(), FormatError> {
    let same = &first.layout;
    let path = first.source().path.display();
    if (same.columns, same.rows) != (layout.columns, layout.rows) {
        return Err(instance.unsupported(format!(
            "is {}×{} pixels, but {path} of the same series is {}×{}; keep them in folders of their own",
            layout.columns, layout.rows, same.columns, same.rows
        )));
    }
    if same.photometric != layout.photometric {
        return Err(instance.unsupported(format!(
            "is {}, but {path} of the same series is {}; keep them in folders of their own",
            layout.photometric, same.photometric
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
fn window(frame: &Frame, layout: &Layout) -> Option<[f64; 2]> {
    let [low, high] = frame.window?;
    if layout.photometric != "MONOCHROME1" {
        return Some([low, high]);
    }
    let Scaling { slope, intercept } = frame.scaling;
    let [first, last] = layout.range();
    let ends = slope * (first + last) as f64 + 2.0 * intercept;
    Some([ends - high, ends - low])
}
