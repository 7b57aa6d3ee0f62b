//! The study's datasets, as they come from their publishers. See [`KnownSpec`], which a scenario
//! declares, and [`Known`], what the engine knows of one.

mod catalogue;
mod spec;

use std::{io::ErrorKind, ops::ControlFlow, path::Path};

pub use catalogue::{Known, KnownLayout};
pub use spec::KnownSpec;

use super::{CaseSource, Dataset, DatasetError, SliceCount, SliceData};

/// A dataset whose files were found in one of the known layouts.
pub(super) struct Recognised {
    inner: Box<dyn Dataset>,
    remark: String,
}

impl Recognised {
    /// Looks for the files in each layout, and takes the first that has a case.
    ///
    /// # Errors
    /// No layout has one; or what is wrong with one that has.
    pub(super) fn open(spec: &KnownSpec, base_dir: &Path) -> Result<Self, DatasetError> {
        let folder = base_dir.join(&spec.folder);
        // A folder that is not there fits no layout, and is no question of layouts.
        std::fs::read_dir(&folder).map_err(|source| DatasetError::Folder {
            path: folder.clone(),
            source,
        })?;
        let wrong = |problem| DatasetError::Declaration {
            dataset: spec.name.to_string(),
            problem,
        };
        let layouts = spec.layouts().map_err(wrong)?;
        for layout in &layouts {
            for place in layout.places(&spec.folder) {
                let mut declared = spec.expand(layout, &place).map_err(wrong)?;
                spec.override_in(&mut declared).map_err(wrong)?;
                match declared.open(base_dir) {
                    Ok(inner) => {
                        let remark =
                            format!("laid out as `{}` in {}", layout.name, place.display());
                        return Ok(Self { inner, remark });
                    }
                    Err(DatasetError::NoCases { .. }) => {}
                    Err(DatasetError::Folder { source, .. })
                        if source.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let expected: Vec<_> = layouts
            .iter()
            .map(|layout| layout.tree.join(" and "))
            .collect();
        Err(DatasetError::Unrecognised {
            folder,
            dataset: spec.known.title.clone(),
            expected: expected.join("; or "),
            id: spec.known.id.to_owned(),
        })
    }
}

impl Dataset for Recognised {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn objects(&self) -> &[String] {
        self.inner.objects()
    }

    fn case_count(&self) -> usize {
        self.inner.case_count()
    }

    fn case(&self, case: usize) -> CaseSource {
        self.inner.case(case)
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![self.remark.clone()];
        remarks.extend(self.inner.remarks());
        remarks
    }

    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError> {
        self.inner.read(case, sink)
    }
}
