//! Volumes and label volumes, sliced along an axis. See [`VolumesSpec`].

mod labels;
mod spec;

use std::{ops::ControlFlow, path::Path};

pub(super) use labels::Labels;
pub use spec::{GridRule, VolumesSpec};

use super::{
    CaseSource, Dataset, DatasetError, Inside, SliceCount, SliceData,
    files::pairing::Layout,
    paired::{Declaration, Paired},
    slicing::{Cutting, Truth},
};
use crate::formats::{Planes, volume};

/// Volumes that are listed.
pub(super) struct Volumes {
    spec: VolumesSpec,
    files: Paired,
}

impl Volumes {
    /// Lists volumes and labels and joins them.
    pub(super) fn open(spec: &VolumesSpec, base_dir: &Path) -> Result<Self, DatasetError> {
        let rules = spec
            .objects
            .iter()
            .filter_map(|object| object.inside.as_ref())
            .chain([&spec.inside]);
        if rules
            .into_iter()
            .any(|rule| matches!(rule, Inside::Paper | Inside::Colour(..)))
        {
            return Err(DatasetError::Declaration {
                dataset: spec.name.to_string(),
                problem: "`inside: paper` and `inside: colour` are for pictures; expected nonzero, values or above".to_owned(),
            });
        }
        let files = Paired::open(Declaration {
            dataset: &spec.name,
            layout: Layout {
                images: base_dir.join(&spec.images),
                masks: base_dir.join(&spec.labels),
                image_name: spec.image_name.clone(),
                mask_name: spec.label_name.clone(),
                mask_field: "label_name",
                extensions: volume::EXTENSIONS,
                unpaired: spec.unpaired,
            },
            objects: &spec.objects,
            inside: &spec.inside,
            several: spec.several,
            raters: &spec.raters,
            normalise: &spec.normalise,
            prepare: &spec.prepare,
        })?;
        Ok(Self {
            spec: spec.clone(),
            files,
        })
    }
}

impl Dataset for Volumes {
    fn name(&self) -> &str {
        &self.files.name
    }

    fn objects(&self) -> &[String] {
        &self.files.names
    }

    fn case_count(&self) -> usize {
        self.files.sources.len()
    }

    fn case(&self, case: usize) -> CaseSource {
        self.files.sources[case].clone()
    }

    fn remarks(&self) -> Vec<String> {
        self.files.remarks()
    }

    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError> {
        let (source, groups) = self.files.case(case)?;
        let image = Planes::open(&source.path, self.spec.frame)?;
        let truths = groups
            .iter()
            .map(|files| self.read_labels(source, &image.grid, files))
            .collect::<Result<_, _>>()?;
        let cutting = Cutting {
            axis: self.spec.axis,
            normalise: &self.spec.normalise,
            prepare: &self.spec.prepare,
        };
        cutting.hand_over(source, image, &Truth::majority(truths), sink)
    }
}
