//! Where everything of a run lies. See [`RunFolder`].

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{
    Manifest, RunError,
    error::{reading, writing},
    safe_name,
};

const MANIFEST: &str = "manifest.json";
const ROWS: &str = "rows.csv";
const PREDICTIONS: &str = "predictions.jsonl";
const SUMMARY: &str = "summary.csv";
const GALLERY: &str = "gallery.jsonl";
const PICTURES: &str = "pictures";
const REPORT: &str = "report.html";
const FIGURES: &str = "figures";
const FAILURES: &str = "failures.csv";
const OVERLAYS: &str = "overlays";
const LOCK: &str = ".lock";

/// The folder of one run, held against other processes until dropped.
///
/// | file | holds |
/// |---|---|
/// | `manifest.json` | what was run, with what, how far it came ([`Manifest`]) |
/// | `rows.csv` | one line per prediction ([`Row`](super::Row)) |
/// | `predictions.jsonl` | prompts and chosen mask of each prediction ([`PredictedMask`](super::PredictedMask)) |
/// | `summary.csv` | means per dataset, object, model, strategy and prompt |
/// | `failures.csv` | what could not be played, and why |
/// | `overlays/*.png` | typical cases, drawn |
/// | `gallery.jsonl`, `pictures/*.jpg` | typical cases, for the page ([`Exhibit`](super::Exhibit)) |
/// | `figures/*.svg`, `*.png`, `report.html` | made from the above by [`crate::report`] |
///
/// Nothing else in the folder is touched, and nothing outside it: names are made safe, links are
/// replaced rather than followed.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    _lock: Option<File>,
}

impl RunFolder {
    /// Opens `<out>/<name>` for a scenario, whose text has the hash `scenario` ([`Manifest::hash`]).
    ///
    /// Earlier results of the same scenario are replaced: it gives the same ones. Those of another
    /// scenario, or of unknown origin, are replaced only if `fresh`.
    pub fn create(out: &Path, name: &str, scenario: &str, fresh: bool) -> Result<Self, RunError> {
        let root = out.join(safe_name(name));
        fs::create_dir_all(&root).map_err(writing(&root))?;
        let folder = Self {
            _lock: lock(&root)?,
            root,
        };
        if !fresh && let Some(origin) = folder.stranger(scenario) {
            return Err(RunError::Occupied {
                folder: folder.root,
                origin,
            });
        }
        folder.clear()?;
        Ok(folder)
    }

    /// Returns a folder to read from. Nothing is checked or locked: a run may be going on there.
    pub fn open(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            _lock: None,
        }
    }

    /// Returns the folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of `manifest.json`.
    pub fn manifest(&self) -> PathBuf {
        self.root.join(MANIFEST)
    }

    /// Returns the path of `rows.csv`.
    pub fn rows(&self) -> PathBuf {
        self.root.join(ROWS)
    }

    /// Returns the path of `predictions.jsonl`.
    pub fn predictions(&self) -> PathBuf {
        self.root.join(PREDICTIONS)
    }

    /// Returns the path of `summary.csv`.
    pub fn summary(&self) -> PathBuf {
        self.root.join(SUMMARY)
    }

    /// Returns the path of `failures.csv`.
    pub fn failures(&self) -> PathBuf {
        self.root.join(FAILURES)
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

    /// Says whose results are in the way, if they are not this scenario's.
    fn stranger(&self, scenario: &str) -> Option<&'static str> {
        match Manifest::read(&self.manifest()) {
            Ok(manifest) if manifest.scenario.blake3 == scenario => None,
            Ok(_) => Some("another scenario"),
            Err(RunError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let is_full = |folder: &Path| {
                    let entries = folder.read_dir();
                    entries.is_ok_and(|mut entries| entries.next().is_some())
                };
                let has_files = self.files().iter().any(|path| path.is_file());
                let has_folders = self.folders().iter().any(|(path, _)| is_full(path));
                (has_files || has_folders).then_some("unknown origin")
            }
            Err(_) => Some("unknown origin, for its manifest.json cannot be read"),
        }
    }

    fn files(&self) -> [PathBuf; 7] {
        [
            // First, so that a run which is cut off here is not taken for a whole one.
            self.manifest(),
            self.rows(),
            self.predictions(),
            self.summary(),
            self.failures(),
            self.gallery(),
            self.report(),
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
    fn clear(&self) -> Result<(), RunError> {
        for file in self.files() {
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

fn remove(path: &Path) -> Result<(), RunError> {
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
        .and_then(|()| fs::rename(&partial, path).map_err(writing(path)));
    if written.is_err() {
        // The first error is the one to report; this one would only repeat it.
        _ = fs::remove_file(&partial);
    }
    written
}

/// Replaces a file by `bytes`, see [`replace`].
pub(crate) fn replace_with(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    replace(path, |file| file.write_all(bytes).map_err(writing(path)))
}
