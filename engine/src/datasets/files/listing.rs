//! The files of a folder, as deep as a pattern reaches. See [`list`].

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::pattern::Pattern;

/// A file whose name may fit a pattern.
pub(in crate::datasets) struct Found {
    /// Path within the folder, with `/` between names, without the extension.
    pub(in crate::datasets) name: String,
    pub(in crate::datasets) path: PathBuf,
}

/// An entry that cannot be used, though it may be meant to be.
pub(in crate::datasets) struct Odd {
    pub(in crate::datasets) path: PathBuf,
    pub(in crate::datasets) oddity: Oddity,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug)]
pub(in crate::datasets) enum Oddity {
    /// Its name is not UTF-8.
    Name,
    /// A folder that cannot be listed, a link that leads nowhere or in circles.
    Unreadable(io::ErrorKind),
}

/// Lists the files as deep as the pattern reaches, so that links that lead in circles end there.
/// Entries that begin with a dot are passed over.
///
/// # Errors
/// Only for the folder itself. What is wrong with an entry is returned beside the files.
pub(in crate::datasets) fn list(
    folder: &Path,
    pattern: &Pattern,
    extensions: &[&str],
) -> io::Result<(Vec<Found>, Vec<Odd>)> {
    let mut walk = Walk {
        pattern,
        extensions,
        found: Vec::new(),
        odd: Vec::new(),
    };
    walk.enter(folder, &mut Vec::new())?;
    Ok((walk.found, walk.odd))
}

struct Walk<'a> {
    pattern: &'a Pattern,
    extensions: &'a [&'a str],
    found: Vec<Found>,
    odd: Vec<Odd>,
}

impl Walk<'_> {
    /// Lists one folder, `parents` below the first.
    fn enter(&mut self, folder: &Path, parents: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let os_name = entry.file_name();
            let name = os_name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let stem = strip_extension(&name, self.extensions);
            let is_wanted = stem.is_some()
                && self
                    .pattern
                    .depths()
                    .any(|depth| depth == parents.len() + 1);
            let mut folders: Vec<&str> = parents.iter().map(String::as_str).collect();
            folders.push(&name);
            let is_way = self.pattern.may_descend(&folders);
            if !is_wanted && !is_way {
                continue;
            }
            if os_name.to_str().is_none() {
                self.odd.push(Odd {
                    path,
                    oddity: Oddity::Name,
                });
                continue;
            }
            // Follows links, unlike the entry's own type.
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {
                    if is_way {
                        parents.push(name.into_owned());
                        if let Err(error) = self.enter(&path, parents) {
                            self.odd.push(Odd {
                                path,
                                oddity: Oddity::Unreadable(error.kind()),
                            });
                        }
                        parents.pop();
                    }
                }
                Ok(_) => {
                    if let (true, Some(stem)) = (is_wanted, stem) {
                        folders.pop();
                        folders.push(stem);
                        self.found.push(Found {
                            name: folders.join("/"),
                            path,
                        });
                    }
                }
                Err(error) => self.odd.push(Odd {
                    path,
                    oddity: Oddity::Unreadable(error.kind()),
                }),
            }
        }
        Ok(())
    }
}

/// Returns the name without its extension, if it has one of those looked for.
fn strip_extension<'a>(name: &'a str, extensions: &[&str]) -> Option<&'a str> {
    extensions.iter().find_map(|extension| {
        let start = name.len().checked_sub(extension.len())?;
        let ending = name.get(start..)?;
        let stem = name[..start].strip_suffix('.')?;
        (ending.eq_ignore_ascii_case(extension) && !stem.is_empty()).then_some(stem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_known_in_any_case() {
        let known = ["png", "nii", "nii.gz"];
        for (name, stem) in [
            ("a.png", Some("a")),
            ("a.b.PNG", Some("a.b")),
            ("a.nii.gz", Some("a")),
            ("a.nii", Some("a")),
            ("a.gz", None),
            (".png", None),
            ("png", None),
            ("é", None),
        ] {
            assert_eq!(strip_extension(name, &known), stem, "{name}");
        }
    }
}
