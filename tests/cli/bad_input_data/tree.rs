//! A folder of test files, and what the engine says about it.

use std::{
    fs,
    io::Cursor,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use engine::{
    datasets::{Dataset, DatasetError, SliceData},
    scenario::ScenarioFile,
};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use tempfile::TempDir;

/// A temporary folder.
pub(crate) struct Tree(TempDir);

impl Tree {
    /// Returns an empty folder.
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder can be made"))
    }

    /// Returns a path within.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folders it lies in.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        let folder = path.parent().expect("it is within the folder");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, bytes))
            .expect("the temporary folder can be written");
    }

    /// Opens a dataset declared in RON, with paths relative to this folder.
    pub(crate) fn open(&self, declaration: &str) -> Result<Box<dyn Dataset>, DatasetError> {
        let text = format!(
            "(name: \"t\", datasets: [{declaration}], models: [\"m\"], \
              strategies: [(name: \"s\", first: [point(object)])])"
        );
        let file = ScenarioFile::parse(text, Path::new("t.ron"))
            .expect("the declaration is as documented");
        file.scenario.datasets[0].open(self.0.path())
    }

    /// Reads every case: its identifier, and how many slices it has or what is wrong with it. The
    /// folder's own path is left out of the messages.
    pub(crate) fn outcomes(&self, declaration: &str) -> Vec<(String, Result<usize, String>)> {
        let dataset = self.open(declaration).expect("it has a good case");
        (0..dataset.case_count())
            .map(|case| {
                let outcome =
                    match dataset.read(case, &mut |_: SliceData| ControlFlow::Continue(())) {
                        Ok(count) => Ok(count.with_object),
                        Err(error) => Err(self.shorten(&error)),
                    };
                (dataset.case(case).id, outcome)
            })
            .collect()
    }

    /// Returns the only failure; everything else must be the good case, of one slice.
    pub(crate) fn failure(&self, declaration: &str) -> String {
        let mut failures = Vec::new();
        for (id, outcome) in self.outcomes(declaration) {
            match outcome {
                Ok(slices) => assert_eq!((id.as_str(), slices), ("good", 1)),
                Err(message) => failures.push(message),
            }
        }
        assert_eq!(failures.len(), 1, "{failures:?}");
        failures.remove(0)
    }

    /// Returns why a dataset does not open.
    pub(crate) fn refusal(&self, declaration: &str) -> String {
        let error = self.open(declaration).err().expect("it should not open");
        self.shorten(&error)
    }

    fn shorten(&self, error: &DatasetError) -> String {
        error
            .to_string()
            .replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// Returns a picture as PNG, or another format.
pub(crate) fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .into()
        .write_to(&mut bytes, format)
        .expect("memory can be written");
    bytes.into_inner()
}

/// Returns a gray picture of 12 × 8 pixels: a square of this value on black.
pub(crate) fn square(value: u8) -> GrayImage {
    GrayImage::from_fn(12, 8, |x, y| {
        Luma([if (3..7).contains(&x) && (2..6).contains(&y) {
            value
        } else {
            0
        }])
    })
}
