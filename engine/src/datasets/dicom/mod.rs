//! DICOM folders: series of images, and the segmentations and structure sets drawn on them. See
//! [`DicomSpec`].

mod groups;
mod objects;
mod pairs;
mod scan;
mod spec;
mod truth;

use std::{ops::ControlFlow, path::Path};

pub use spec::{DicomSpec, TruthSource, Wildcard};

use self::{
    objects::Wanted,
    pairs::{Case, Misfit},
};
use super::{CaseSource, Dataset, DatasetError, SliceCount, SliceData, slicing::Cutting};
use crate::formats::dicom::{Instance, Series};

/// A folder whose files are known by their headers.
pub(super) struct Dicom {
    spec: DicomSpec,
    folder: std::path::PathBuf,
    objects: Vec<Wanted>,
    names: Vec<String>,
    sources: Vec<CaseSource>,
    cases: Vec<Result<Case, Misfit>>,
    /// How many images are of no case, and how many files are of other formats.
    passed_over: [usize; 2],
}

impl Dicom {
    /// Reads the headers below a folder, and brings series and truth together.
    pub(super) fn open(spec: &DicomSpec, base_dir: &Path) -> Result<Self, DatasetError> {
        let folder = base_dir.join(&spec.folder);
        spec.check()?;
        let scan = scan::scan(&folder).map_err(|source| DatasetError::Folder {
            path: folder.clone(),
            source,
        })?;
        let mut found = pairs::pair(spec, &folder, &scan)?;
        if found.iter().all(|(_, case)| case.is_err()) {
            return Err(pairs::no_cases(spec, &folder, &scan, &found));
        }
        let objects = objects::resolve(spec, &found)?;
        let passed_over = pairs::passed_over(&scan, &found);
        spec.prepare
            .keep_cases(&mut found, |(source, _)| &source.id);
        let names = objects.iter().map(|object| object.name.clone());
        let (sources, cases) = found.into_iter().unzip();
        Ok(Self {
            spec: spec.clone(),
            folder,
            names: spec.prepare.name_objects(names.collect()),
            passed_over,
            objects,
            sources,
            cases,
        })
    }

    /// Says why a file is no case.
    fn explain(&self, misfit: &Misfit, path: &Path) -> DatasetError {
        let path = path.to_owned();
        match misfit {
            Misfit::Unreadable => match Instance::open(&path) {
                Err(error) => error.into(),
                Ok(_) => DatasetError::Changed { path },
            },
            Misfit::Name => DatasetError::NotUtf8 { path },
            Misfit::Folder(kind) => DatasetError::Folder {
                path,
                source: (*kind).into(),
            },
            Misfit::NoSeries => DatasetError::NoSeries {
                path,
                folder: self.folder.clone(),
            },
            Misfit::NoTruth => DatasetError::NoMask {
                path,
                folder: self.folder.clone(),
                pattern: self.spec.truth.to_string(),
            },
        }
    }
}

impl Dataset for Dicom {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn objects(&self) -> &[String] {
        &self.names
    }

    fn case_count(&self) -> usize {
        self.sources.len()
    }

    fn case(&self, case: usize) -> CaseSource {
        self.sources[case].clone()
    }

    fn remarks(&self) -> Vec<String> {
        let [images, others] = self.passed_over;
        let remark = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what} is passed over")),
            count => Some(format!("{count} {what}s are passed over")),
        };
        [
            remark(images, "DICOM image without truth"),
            remark(others, "file that is not DICOM"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError> {
        let source = &self.sources[case];
        let case = self.cases[case]
            .as_ref()
            .map_err(|misfit| self.explain(misfit, &source.path))?;
        let series = Series::read(&case.images, self.spec.colour)?;
        let truth = self.read_truth(source, &series, &case.truth)?;
        let cutting = Cutting {
            axis: self.spec.axis,
            normalise: &self.spec.normalise,
            prepare: &self.spec.prepare,
        };
        cutting.hand_over(source, series.volume, &truth, sink)
    }
}
