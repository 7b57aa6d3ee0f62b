//! Figures and page, written beside the rows. See [`write`].

use std::path::PathBuf;

use super::{Collection, draw, page::page, sheets, typical_cases};
use crate::runs::{RunError, RunFolder, clear_folder, replace_with};

/// Where a report lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The page.
    pub page: PathBuf,
    /// How many figures were drawn.
    pub figures: usize,
}

/// Writes figures and page of a collection into `folder`; those of an earlier report are replaced.
///
/// # Errors
/// A file cannot be written, or one that the page needs not be read.
pub fn write(collection: &Collection, folder: &RunFolder) -> Result<Written, RunError> {
    let drawings = draw(collection);
    let cases = typical_cases(collection)?;
    let sheets = sheets(collection, &cases)?;
    let page = page(collection, &drawings, &sheets, &cases)?;
    clear_folder(&folder.figures(), &["svg", "png"])?;
    for drawing in &drawings {
        drawing.write(&folder.figures())?;
    }
    for sheet in &sheets {
        sheet.write(&folder.figures())?;
    }
    replace_with(&folder.report(), page.as_bytes())?;
    Ok(Written {
        page: folder.report(),
        figures: drawings.len() + sheets.len(),
    })
}
