//! All DICOM files below a folder, by their headers. See [`scan`].

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::pairs::Misfit;
use crate::formats::{
    FormatError,
    dicom::{Instance, Summary},
};

/// How deep folders may lie in folders.
const DEEPEST: usize = 32;

/// What lies below a folder.
pub(super) struct Scan {
    /// DICOM files, sorted by path.
    pub(super) files: Vec<File>,
    /// What may be meant to be a DICOM file and cannot be used, sorted by path.
    pub(super) odd: Vec<(PathBuf, Misfit)>,
    /// How many files are of other formats.
    pub(super) others: usize,
}

/// A DICOM file.
pub(super) struct File {
    pub(super) path: PathBuf,
    /// The folder that it lies in, within the first, with `/` between names; empty for the first.
    pub(super) folder: String,
    pub(super) summary: Summary,
}

/// Reads the headers of all files below a folder. Entries that begin with a dot are passed over. Links are
/// followed, but no folder is entered twice, so that those that lead in circles end.
///
/// # Errors
/// Only for the folder itself.
pub(super) fn scan(folder: &Path) -> io::Result<Scan> {
    let mut walk = Walk {
        root: folder,
        entered: BTreeSet::new(),
        paths: Vec::new(),
        odd: Vec::new(),
    };
    walk.enter(folder, &mut Vec::new())?;
    let Walk { paths, mut odd, .. } = walk;
    let looked_at = paths.into_par_iter().map(|(path, folder)| {
        let found = Instance::open(&path).map(|instance| Summary::of(&instance));
        (path, folder, found)
    });
    let looked_at: Vec<_> = looked_at.collect();
    let mut scan = Scan {
        files: Vec::with_capacity(looked_at.len()),
        odd: Vec::new(),
        others: 0,
    };
    for (path, folder, found) in looked_at {
        match found {
            Ok(summary) => scan.files.push(File {
                path,
                folder,
                summary,
            }),
            Err(FormatError::Unknown { .. } | FormatError::NotAFile { .. }) => scan.others += 1,
            Err(_) => odd.push((path, Misfit::Unreadable)),
        }
    }
    scan.files.sort_by(|a, b| a.path.cmp(&b.path));
    odd.sort_by(|a, b| a.0.cmp(&b.0));
    scan.odd = odd;
    Ok(scan)
}

struct Walk<'a> {
    root: &'a Path,
    /// As the system calls them, without links.
    entered: BTreeSet<PathBuf>,
    paths: Vec<(PathBuf, String)>,
    odd: Vec<(PathBuf, Misfit)>,
}

impl Walk<'_> {
    fn enter(&mut self, folder: &Path, names: &mut Vec<String>) -> io::Result<()> {
        if !self.entered.insert(folder.canonicalize()?) {
            return Ok(());
        }
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        // Of two ways to one folder, always the same is taken.
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let os_name = entry.file_name();
            if os_name.to_string_lossy().starts_with('.') {
                continue;
            }
            let Some(name) = os_name.to_str() else {
                self.odd.push((path, Misfit::Name));
                continue;
            };
            // Follows links, unlike the entry's own type.
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && names.len() < DEEPEST => {
                    names.push(name.to_owned());
                    if let Err(error) = self.enter(&path, names) {
                        self.odd.push((path, Misfit::Folder(error.kind())));
                    }
                    names.pop();
                }
                Ok(metadata) if metadata.is_file() => self.paths.push((path, names.join("/"))),
                Ok(_) => {}
                Err(error) => self.odd.push((path, Misfit::Folder(error.kind()))),
            }
        }
        debug_assert!(folder.starts_with(self.root), "walks stay below their root");
        Ok(())
    }
}
