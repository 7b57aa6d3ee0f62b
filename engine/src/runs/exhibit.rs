//! `gallery.jsonl` and `pictures/`: what a page needs of a typical case's slice. See [`Exhibit`].

use std::{
    io::{Cursor, ErrorKind},
    path::Path,
};

use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder, imageops::FilterType};
use ndarray::ArrayView3;
use serde::{Deserialize, Serialize};

use super::{
    Percentile, Rle, RunError, TrialId,
    folder::replace_with,
    json_lines::{json_lines, read_json_lines},
};

/// The long side of a picture at most, in pixels.
const LONG_SIDE: usize = 768;
/// Of JPEG, where 100 is the best.
const QUALITY: u8 = 88;

/// One line of `gallery.jsonl`: a typical case, with the truth that its predictions meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exhibit {
    /// The trial, whose fields are keys of the line.
    #[serde(flatten)]
    pub trial: TrialId,
    /// Where it stands among its group's trials after the last prompt.
    pub percentile: Percentile,
    /// How many trials the group has.
    pub trials: usize,
    /// The name of its file in `overlays/`.
    pub overlay: String,
    /// Where the object is, on the slice's grid.
    pub truth: Rle,
}

impl Exhibit {
    /// Returns the name of the slice's file in `pictures/`: the same for all exhibits of a slice.
    ///
    /// It is computed and not read, so that a page never opens what a damaged file names.
    pub fn picture(&self) -> String {
        let mut key = blake3::Hasher::new();
        for part in [&self.trial.dataset, &self.trial.case] {
            key.update(&(part.len() as u64).to_le_bytes());
            key.update(part.as_bytes());
        }
        key.update(&(self.trial.slice as u64).to_le_bytes());
        format!("{}.jpg", &key.finalize().to_hex()[..16])
    }
}

/// Writes `gallery.jsonl`.
pub(super) fn write_gallery(path: &Path, exhibits: &[Exhibit]) -> Result<(), RunError> {
    replace_with(path, &json_lines(exhibits, path)?)
}

/// Reads `gallery.jsonl`; empty if the run has none, for it was interrupted or is old.
///
/// # Errors
/// The file cannot be read, or a line is no exhibit.
pub fn read_gallery(path: &Path) -> Result<Vec<Exhibit>, RunError> {
    match read_json_lines(path) {
        Err(RunError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Ok(Vec::new())
        }
        exhibits => exhibits?.collect(),
    }
}

/// Writes a slice, `[height, width, 3]`, as JPEG; large ones are reduced.
pub(super) fn write_picture(path: &Path, pixels: ArrayView3<'_, u8>) -> Result<(), RunError> {
    let (height, width, _) = pixels.dim();
    let bytes = pixels.iter().copied().collect();
    let picture = RgbImage::from_raw(width as u32, height as u32, bytes)
        .expect("three bytes for every pixel");
    let mut picture = DynamicImage::ImageRgb8(picture);
    if height.max(width) > LONG_SIDE {
        picture = picture.resize(LONG_SIDE as u32, LONG_SIDE as u32, FilterType::Triangle);
    }
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))
        .map_err(|error| RunError::Encode {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    replace_with(path, bytes.get_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::rows::tests::row;
    use ndarray::{Array2, Array3};

    fn exhibit(case: &str, slice: usize) -> Exhibit {
        Exhibit {
            trial: TrialId {
                slice,
                ..row(case, "point", 1, 0.5).trial()
            },
            percentile: Percentile::Median,
            trials: 7,
            overlay: "a.png".to_owned(),
            truth: Rle::encode(Array2::from_elem((3, 4), true).view()),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("gallery.jsonl");
        assert_eq!(read_gallery(&path).expect("none is fine"), []);
        let all = [exhibit("a", 0), exhibit("../\n\"b", 12)];
        write_gallery(&path, &all).expect("writable");
        assert_eq!(read_gallery(&path).expect("whole"), all);
        std::fs::write(&path, "{}\n").expect("writable");
        let error = read_gallery(&path).expect_err("no exhibit").to_string();
        assert!(error.contains("gallery.jsonl, line 1"), "{error}");
    }

    #[test]
    fn pictures_have_safe_names_that_differ() {
        let names = [("a", 0), ("a", 1), ("../../x", 0)].map(|(case, slice)| {
            let name = exhibit(case, slice).picture();
            assert!(name.len() == 20 && name[..16].chars().all(|c| c.is_ascii_hexdigit()));
            name
        });
        assert!(names[0] != names[1] && names[0] != names[2]);
    }

    #[test]
    fn large_slices_are_reduced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.jpg");
        write_picture(&path, Array3::from_elem((2000, 1000, 3), 90).view()).expect("writable");
        assert_eq!(
            image::image_dimensions(&path).expect("a picture"),
            (384, 768)
        );
        write_picture(&path, Array3::from_elem((30, 20, 3), 90).view()).expect("writable");
        assert_eq!(image::image_dimensions(&path).expect("a picture"), (20, 30));
    }
}
