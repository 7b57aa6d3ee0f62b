//! Where model files live on this machine. See [`Store`].

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use super::{Content, Digest, Entry};

/// The folder of model files.
///
/// In this order: the folder the user names (`--models`, or [`Store::VARIABLE`]); `models/` in
/// the working directory, if it exists; `engine/models` in the user's data folder
/// (`$XDG_DATA_HOME`, by default `~/.local/share`). Without any of them, `models/`.
/// A file placed there by hand, under the name the catalogue gives, is as good as a pulled one.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// What the folder holds of a model. Found without reading the file, so it costs nothing to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It needs none.
    Unneeded,
    /// There is no file.
    Absent,
    /// There is a file of the right size, or of any size where the catalogue knows none.
    Installed {
        /// The file.
        path: PathBuf,
    },
    /// There is a file of another size than the publisher's.
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
    },
}

/// A model file that is what the catalogue says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256, for the manifest.
    pub sha256: Digest,
}

/// Why a model's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file is not there.
    #[error(
        "the model {name} is not installed: there is no {path}; \
         get it with `engine models pull {name}`, or name another folder with --models"
    )]
    Absent {
        /// The model.
        name: String,
        /// The file that was looked for.
        path: PathBuf,
    },
    /// The file is not the publisher's.
    #[error(
        "{path} is damaged: expected {expected}, found {found}; \
         get it again with `engine models pull {name}`"
    )]
    Damaged {
        /// The model.
        name: String,
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: Box<Content>,
        /// What it is.
        found: Box<Content>,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl Store {
    /// The environment variable that names the folder.
    pub const VARIABLE: &str = "ENGINE_MODELS";

    /// Returns the store in the folder the user named, or else in the default one. Nothing is
    /// created.
    pub fn new(named: Option<PathBuf>) -> Self {
        let folder = named.unwrap_or_else(|| {
            let local = PathBuf::from("models");
            if local.is_dir() {
                return local;
            }
            user_data(env::var_os("XDG_DATA_HOME"), env::home_dir())
                .map_or(local, |data| data.join("engine/models"))
        });
        Self { folder }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns where a model's file belongs, whether or not it is there; `None` if it needs none.
    pub fn path(&self, entry: &Entry) -> Option<PathBuf> {
        let file = entry.file.as_ref()?;
        Some(self.folder.join(file))
    }

    /// Looks at a model's file without reading it.
    pub fn state(&self, entry: &Entry) -> State {
        let Some(path) = self.path(entry) else {
            return State::Unneeded;
        };
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => {
                let bytes = metadata.len();
                match entry.content {
                    Some(content) if content.bytes != bytes => State::Damaged { path, bytes },
                    _ => State::Installed { path },
                }
            }
            _ => State::Absent,
        }
    }

    /// Finds a model's file and checks its contents, which reads it once; `None` if it needs none.
    ///
    /// # Errors
    /// When it is absent, unreadable, or not the file the catalogue knows.
    pub fn locate(&self, entry: &Entry) -> Result<Option<Located>, StoreError> {
        let Some(path) = self.path(entry) else {
            return Ok(None);
        };
        if self.state(entry) == State::Absent {
            let name = entry.name.clone();
            return Err(StoreError::Absent { name, path });
        }
        let found = read(&path).map_err(|source| StoreError::Io {
            path: path.clone(),
            source,
        })?;
        match entry.content {
            Some(expected) if expected != found => Err(StoreError::Damaged {
                name: entry.name.clone(),
                path,
                expected: expected.into(),
                found: found.into(),
            }),
            _ => Ok(Some(Located {
                path,
                sha256: found.sha256,
            })),
        }
    }
}

fn read(path: &Path) -> io::Result<Content> {
    Ok(Content {
        bytes: fs::metadata(path)?.len(),
        sha256: Digest::of_file(path)?,
    })
}

/// The user's data folder after the XDG base directory specification, where a relative path
/// counts as unset.
fn user_data(xdg_data_home: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    xdg_data_home
        .and_then(|path| absolute(path.into()))
        .or_else(|| Some(absolute(home?)?.join(".local/share")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_follows_xdg() {
        let user_data = |xdg: Option<&str>, home: Option<&str>| {
            user_data(xdg.map(Into::into), home.map(Into::into))
        };
        let default = Some(PathBuf::from("/home/ada/.local/share"));
        assert_eq!(user_data(None, Some("/home/ada")), default);
        assert_eq!(user_data(Some(""), Some("/home/ada")), default);
        assert_eq!(user_data(Some("data"), Some("/home/ada")), default);
        assert_eq!(user_data(Some("/data"), None), Some("/data".into()));
        assert_eq!(user_data(None, None), None);
    }

    #[test]
    fn the_named_folder_comes_first() {
        let store = Store::new(Some("elsewhere".into()));
        assert_eq!(store.folder(), Path::new("elsewhere"));
    }
}
