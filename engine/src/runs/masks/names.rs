//! Paths made of names that come from outside, none twice. See [`Names`].

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::runs::safe_name;

/// The paths given so far: different names may be equal once they are safe.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// What names became, by the folder they are in and what they were.
    known: BTreeMap<(PathBuf, String), String>,
    /// In lower case: some file systems do not tell them apart.
    taken: BTreeSet<PathBuf>,
}

impl Names {
    /// Returns the folder within `root` of these names, one below the other.
    pub(super) fn folder(&mut self, root: &Path, names: [&str; 2]) -> PathBuf {
        names
            .iter()
            .fold(root.to_owned(), |folder, name| self.within(&folder, name))
    }

    /// Returns a file in the folder of `dataset` within `folder`, which no other names get.
    pub(super) fn file(
        &mut self,
        folder: &Path,
        dataset: &str,
        name: &str,
        extension: &str,
    ) -> PathBuf {
        let folder = self.within(folder, dataset);
        let path = self.within(&folder, name);
        let mut file = path.file_name().unwrap_or_default().to_owned();
        file.push(".");
        file.push(extension);
        path.with_file_name(file)
    }

    fn within(&mut self, folder: &Path, name: &str) -> PathBuf {
        let key = (folder.to_owned(), name.to_owned());
        if let Some(known) = self.known.get(&key) {
            return folder.join(known);
        }
        let safe = safe_name(name);
        let mut unique = safe.clone();
        let mut number = 2;
        while !self.taken.insert(folder.join(unique.to_lowercase())) {
            unique = format!("{safe}-{number}");
            number += 1;
        }
        let path = folder.join(&unique);
        self.known.insert(key, unique);
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder_and_apart() {
        let mut names = Names::default();
        let root = Path::new("out");
        let folder = names.folder(root, ["sam", "clicks"]);
        assert_eq!(folder, Path::new("out/sam/clicks"));
        let mut file = |name: &str| names.file(&folder, "chest", name, "png");
        assert_eq!(file("a/b__lung"), folder.join("chest/a-b__lung.png"));
        assert_eq!(file("a:b__lung"), folder.join("chest/a-b__lung-2.png"));
        assert_eq!(
            file("a/b__lung"),
            folder.join("chest/a-b__lung.png"),
            "the same"
        );
        assert_eq!(file("../../etc__x"), folder.join("chest/etc__x.png"));
        assert_eq!(file("v1.2"), folder.join("chest/v1.2.png"));
    }
}
