//! Where everything of a run lies. See [`RunFolder`].

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{
    Manifest, Row, RunError,
    error::{reading, writing},
    rows::header,
    safe_name,
};
use crate::metrics::Wanted;

const MANIFEST: &str = "manifest.json";
const ROWS: &str = "rows.csv";
const PARQUET: &str = "rows.parquet";
const PROMPTS: &str = "prompts.json";
const PREDICTIONS: &str = "predictions.jsonl";
const SUMMARY: &str = "summary.csv";
const NOC: &str = "noc.csv";
const GALLERY: &str = "gallery.jsonl";
const PICTURES: &str = "pictures";
const REPORT: &str = "report.html";
const FIGURES: &str = "figures";
const FAILURES: &str = "failures.csv";
const TIMINGS: &str = "timings.csv";
const JOURNAL: &str = "journal.log";
const OVERLAYS: &str = "overlays";
const LOCK: &str = ".lock";
pub(super) const SHARDS: &str = "shards";

/// The folder of one run, held against other processes until dropped.
///
/// | file | holds |
/// |---|---|
/// | `manifest.json` | what was run, with what, how far it came ([`Manifest`]) |
/// | `rows.csv` | one line per prediction ([`Row`](super::Row)) |
/// | `rows.parquet` | the same, for programs that read columns |
/// | `prompts.json` | every prompt, to be replayed ([`Recording`](super::Recording)) |
/// | `predictions.jsonl` | prompts and chosen mask of each prediction ([`PredictedMask`](super::PredictedMask)) |
/// | `summary.csv` | means per dataset, object, model, strategy and prompt |
/// | `noc.csv` | numbers of clicks to an IoU, for strategies of several prompts |
/// | `failures.csv` | what could not be played, and why |
/// | `timings.csv` | where a watched run's time went ([`ProfileEntry`](crate::diagnostics::ProfileEntry)) |
/// | `overlays/*.png` | typical cases, drawn |
/// | `gallery.jsonl`, `pictures/*.jpg` | typical cases, for the page ([`Exhibit`](super::Exhibit)) |
/// | `figures/*.svg`, `*.png`, `report.html` | made from the above by [`crate::report`] |
/// | `journal.log` | which cases are finished, with checksums of their lines |
/// | `shards/7-of-200/` | the same of a part of the cases ([`Shard`](super::Shard)), without summary and overlays |
///
/// Nothing else in the folder is touched, and nothing outside it: names are made safe, links are
/// replaced rather than followed.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    earlier: Option<Manifest>,
    measured: Wanted,
    _lock: Option<File>,
}

impl RunFolder {
    /// Opens the folder in `out` of the run that `manifest` describes.
    ///
    /// An earlier run of the same is kept, to be resumed: what it finished is in
    /// [`Results`](super::Results). If the folder holds anything else, it is refused, or, if
    /// `fresh`, replaced.
    ///
    /// # Errors
    /// Another process has the folder, it holds other results, or it cannot be written to.
    pub fn create(out: &Path, manifest: &Manifest, fresh: bool) -> Result<Self, RunError> {
        let root = out.join(safe_name(&manifest.scenario.name));
        let Some(shard) = manifest.shard else {
            return Self::at(&root, manifest, fresh);
        };
        let shards = root.join(SHARDS);
        if shards.is_symlink() {
            return Err(RunError::Elsewhere(shards));
        }
        Self::at(&shards.join(shard.folder()), manifest, fresh)
    }

    /// As [`Self::create`], whatever the folder's name.
    pub(super) fn at(root: &Path, manifest: &Manifest, fresh: bool) -> Result<Self, RunError> {
        fs::create_dir_all(root).map_err(writing(root))?;
        let mut folder = Self {
            root: root.to_owned(),
            earlier: None,
            measured: manifest.measured,
            _lock: lock(root)?,
        };
        if fresh {
            folder.clear()?;
        } else {
            folder.earlier = folder.find_earlier(manifest)?;
        }
        folder.clear_views()?;
        Ok(folder)
    }

    /// Returns a folder to read from. Nothing is checked or locked: a run may be going on there.
    pub fn open(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            earlier: None,
            measured: Wanted::default(),
            _lock: None,
        }
    }

    /// Returns the path of `manifest.json` in a run folder.
    pub(super) fn manifest_in(root: &Path) -> PathBuf {
        root.join(MANIFEST)
    }

    /// Returns what the folder's earlier run said of itself, if there was one to resume.
    pub fn earlier(&self) -> Option<&Manifest> {
        self.earlier.as_ref()
    }

    /// Returns the header of the rows that the run writes.
    pub(super) fn rows_header(&self) -> String {
        header(&Row::columns(self.measured))
    }

    /// Returns the folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of `manifest.json`.
    pub fn manifest(&self) -> PathBuf {
        Self::manifest_in(&self.root)
    }

    /// Returns the path of `rows.csv`.
    pub fn rows(&self) -> PathBuf {
        self.root.join(ROWS)
    }

    /// Returns the path of `rows.parquet`.
    pub fn parquet(&self) -> PathBuf {
        self.root.join(PARQUET)
    }

    /// Returns the path of `prompts.json`.
    pub fn prompts(&self) -> PathBuf {
        self.root.join(PROMPTS)
    }

    /// Returns the path of `predictions.jsonl`.
    pub fn predictions(&self) -> PathBuf {
        self.root.join(PREDICTIONS)
    }

    /// Returns the path of `summary.csv`.
    pub fn summary(&self) -> PathBuf {
        self.root.join(SUMMARY)
    }

    /// Returns the path of `noc.csv`.
    pub fn noc(&self) -> PathBuf {
        self.root.join(NOC)
    }

    /// Returns the path of `failures.csv`.
    pub fn failures(&self) -> PathBuf {
        self.root.join(FAILURES)
    }

    /// Returns the path of `timings.csv`.
    pub fn timings(&self) -> PathBuf {
        self.root.join(TIMINGS)
    }

    /// Returns the path of `journal.log`.
    pub fn journal(&self) -> PathBuf {
        self.root.join(JOURNAL)
    }

    /// Returns the folder of the overlays.
    pub fn overlays(&self) -> PathBuf {
        self.root.join(OVERLAYS)
    }

    /// Returns the path of `gallery.jsonl`.
    pub fn gallery(&self) -> PathBuf {
        self.root.join(GALLERY)
    }

    /// Returns the folder of the slices that the gallery shows.
    pub fn pictures(&self) -> PathBuf {
        self.root.join(PICTURES)
    }

    /// Returns the folder of the figures.
    pub fn figures(&self) -> PathBuf {
        self.root.join(FIGURES)
    }

    /// Returns the path of `report.html`.
    pub fn report(&self) -> PathBuf {
        self.root.join(REPORT)
    }

    /// Returns the manifest of an earlier run of the same, or says what else is in the way.
    fn find_earlier(&self, manifest: &Manifest) -> Result<Option<Manifest>, RunError> {
        let occupied = |origin| RunError::Occupied {
            folder: self.root.clone(),
            origin,
        };
        match Manifest::read(&self.manifest()) {
            Ok(earlier) => match earlier.differences(manifest) {
                differences if differences.is_empty() => Ok(Some(earlier)),
                differences => Err(RunError::Changed {
                    folder: self.root.clone(),
                    differences: differences.concat(),
                }),
            },
            Err(RunError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let is_full = |folder: &Path| {
                    let entries = folder.read_dir();
                    entries.is_ok_and(|mut entries| entries.next().is_some())
                };
                let has_files = self.files().iter().any(|path| path.is_file());
                let has_folders = self.folders().iter().any(|(path, _)| is_full(path));
                if has_files || has_folders {
                    return Err(occupied("unknown origin"));
                }
                // Whatever else has such a name (a link, say) makes way.
                self.clear()?;
                Ok(None)
            }
            Err(_) => Err(occupied(
                "unknown origin, for its manifest.json cannot be read",
            )),
        }
    }

    fn files(&self) -> [PathBuf; 12] {
        [
            // First, so that a run which is cut off here is not taken for a whole one.
            self.manifest(),
            self.journal(),
            self.rows(),
            self.parquet(),
            self.prompts(),
            self.predictions(),
            self.summary(),
            self.noc(),
            self.failures(),
            self.gallery(),
            self.report(),
            self.timings(),
        ]
    }

    /// The folders inside, with the kinds of files that are written there.
    fn folders(&self) -> [(PathBuf, &'static [&'static str]); 3] {
        [
            (self.overlays(), &["png"]),
            (self.pictures(), &["jpg"]),
            (self.figures(), &["svg", "png"]),
        ]
    }

    /// Removes what an earlier run wrote, and makes the folders inside.
    pub(super) fn clear(&self) -> Result<(), RunError> {
        for file in self.files() {
            remove(&file)?;
        }
        self.clear_views()
    }

    /// Removes what is made from the rows at the end, and makes the folders inside.
    fn clear_views(&self) -> Result<(), RunError> {
        for file in [
            self.parquet(),
            self.prompts(),
            self.summary(),
            self.noc(),
            self.gallery(),
            self.report(),
        ] {
            remove(&file)?;
        }
        for (folder, kinds) in self.folders() {
            clear_folder(&folder, kinds)?;
        }
        Ok(())
    }
}

/// Locks the folder, or returns `None` (with a warning) where the file system has no locks.
fn lock(root: &Path) -> Result<Option<File>, RunError> {
    let path = root.join(LOCK);
    if path.is_symlink() {
        return Err(RunError::Elsewhere(path));
    }
    let file = File::create(&path).map_err(writing(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(RunError::InUse(root.to_owned())),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(
                "{} cannot be locked ({error}): start no second run in it",
                root.display()
            );
            Ok(None)
        }
    }
}

/// Makes a folder inside the run folder, or removes files of these kinds from it.
///
/// # Errors
/// A link is there, which may lead out of the run folder, or the folder cannot be changed.
pub(crate) fn clear_folder(folder: &Path, kinds: &[&str]) -> Result<(), RunError> {
    match folder.symlink_metadata() {
        Ok(found) if !found.is_dir() => Err(RunError::Elsewhere(folder.to_owned())),
        Ok(_) => {
            for entry in fs::read_dir(folder).map_err(reading(folder))? {
                let path = entry.map_err(reading(folder))?.path();
                if path
                    .extension()
                    .is_some_and(|kind| kinds.iter().any(|known| kind == *known))
                {
                    remove(&path)?;
                }
            }
            Ok(())
        }
        Err(_) => fs::create_dir(folder).map_err(writing(folder)),
    }
}

/// Removes a file, if it is there; of a link the link.
pub(super) fn remove(path: &Path) -> Result<(), RunError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(writing(path)(error)),
        _ => Ok(()),
    }
}

/// Creates a file that does not exist yet: never through a link that was put in its place.
pub(super) fn create_new(path: &Path) -> Result<File, RunError> {
    File::create_new(path).map_err(writing(path))
}

/// Replaces a file as a whole: a reader sees the old content or the new, also after a power cut.
///
/// `write` fills a file beside it, which then takes its name.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    remove(&partial)?;
    let mut file = create_new(&partial)?;
    let written = write(&mut file)
        .and_then(|()| file.sync_all().map_err(writing(path)))
        .and_then(|()| fs::rename(&partial, path).map_err(writing(path)))
        .and_then(|()| path.parent().map_or(Ok(()), sync_folder));
    if written.is_err() {
        // The first error is the one to report; this one would only repeat it.
        _ = fs::remove_file(&partial);
    }
    written
}

/// Hands a folder's list of names to the disk.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> Result<(), RunError> {
    let opened = File::open(folder).map_err(reading(folder))?;
    match opened.sync_all() {
        // Some network file systems cannot; their names are on the server at once.
        Err(error) if error.kind() != io::ErrorKind::InvalidInput => Err(writing(folder)(error)),
        _ => Ok(()),
    }
}

/// Folders cannot be handed to the disk here; the system does it by itself.
#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> Result<(), RunError> {
    Ok(())
}

/// Replaces a file by `bytes`, see [`replace`].
pub(crate) fn replace_with(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    replace(path, |file| file.write_all(bytes).map_err(writing(path)))
}
