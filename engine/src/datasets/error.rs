//! What can be wrong with a dataset. See [`DatasetError`].

use std::{io, path::PathBuf};

use crate::formats::FormatError;

/// Why a dataset could not be opened or a case not be read. Every message names the file and ends
/// with the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The declaration contradicts itself.
    #[error("dataset `{dataset}`: {problem}")]
    Declaration {
        /// The dataset's name.
        dataset: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A folder is missing or may not be listed, or a link leads nowhere.
    #[error(
        "{path}: cannot be listed: {source}; relative paths start at the folder of the scenario file"
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// None of a known dataset's layouts fits a folder.
    #[error(
        "{folder}: does not look like {dataset}: expected {expected}; point `folder` at the unpacked download, or declare the files yourself, beginning with what `engine datasets {id}` prints"
    )]
    Unrecognised {
        /// Where it was looked for.
        folder: PathBuf,
        /// The dataset.
        dataset: String,
        /// Some files of each layout.
        expected: String,
        /// What scenarios call it.
        id: String,
    },
    /// Not a single image with a mask.
    #[error("dataset `{dataset}`: no image has a mask: {found}; expected {expected}")]
    NoCases {
        /// The dataset's name.
        dataset: String,
        /// What was found instead.
        found: String,
        /// Which files were looked for, and where.
        expected: String,
    },
    /// An image without a mask.
    #[error(
        "{path}: has no mask: expected `{pattern}` in {folder}; add it, or declare `unpaired: skip`"
    )]
    NoMask {
        /// The image.
        path: PathBuf,
        /// Where masks are looked for.
        folder: PathBuf,
        /// The pattern for masks.
        pattern: String,
    },
    /// A mask without an image.
    #[error(
        "{path}: is the mask of no image: expected `{pattern}` in {folder}; add it, or declare `unpaired: skip`"
    )]
    NoImage {
        /// The mask.
        path: PathBuf,
        /// Where images are looked for.
        folder: PathBuf,
        /// The pattern for images.
        pattern: String,
    },
    /// A segmentation or structure set without the images that it was drawn on.
    #[error(
        "{path}: the images that it was drawn on are not in {folder}; add them, or declare `unpaired: skip`"
    )]
    NoSeries {
        /// The segmentation or structure set.
        path: PathBuf,
        /// Where images were looked for.
        folder: PathBuf,
    },
    /// A file that could not be read when the dataset was opened, and now can.
    #[error("{path}: was changed while the program ran; run it again")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Two images with one name.
    #[error("{path}: has the same name as {other}; rename one of them")]
    Twin {
        /// One image.
        path: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// A name that cannot be written down.
    #[error("{path}: its name is not valid UTF-8; rename it")]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Image and mask do not lie on the same grid.
    #[error(
        "{mask} is {mask_size}, but its image {image} is {image_size}; resample the mask (nearest neighbour; of volumes, `grid: resample` does it) or find the right one"
    )]
    Grid {
        /// The image.
        image: PathBuf,
        /// Its grid.
        image_size: String,
        /// The mask.
        mask: PathBuf,
        /// Its grid.
        mask_size: String,
    },
    /// A mask has colours where gray values were declared.
    #[error(
        "{path}: is a mask in colour ({seen}), but its objects are declared by gray value; declare them as `inside: colour(r, g, b)`"
    )]
    Coloured {
        /// The mask.
        path: PathBuf,
        /// Some of the colours.
        seen: String,
    },
    /// No slice of the case has a pixel of any declared object.
    #[error(
        "{path}: none of the declared objects has a pixel here ({seen}); check `objects` and `inside`, or declare `prepare: (empty: skip)`"
    )]
    NoObject {
        /// The mask, or the image if there are several masks.
        path: PathBuf,
        /// What the masks hold instead.
        seen: String,
    },
    /// Objects are there, but the preparation leaves none of them.
    #[error(
        "{path}: its objects have at most {pixels} pixels in a slice, and `prepare` leaves none of them; lower `min_pixels`, widen `crop`, or declare `empty: skip`"
    )]
    NothingLeft {
        /// The mask, or the image if there are several masks.
        path: PathBuf,
        /// The largest object's, in the slice that shows most of it.
        pixels: usize,
    },
    /// A header does not say what `normalise` needs.
    #[error("{0}; declare steps of `normalise` that need no header, such as min_max(slice)")]
    Header(String),
}
