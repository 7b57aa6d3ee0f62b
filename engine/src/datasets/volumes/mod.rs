//! Volumes and label volumes, sliced along an axis. See [`VolumesSpec`].

mod labels;
mod spec;

use std::{ops::ControlFlow, path::Path};

pub use spec::{GridRule, VolumesSpec};

use super::{
    CaseSource, Dataset, DatasetError, SliceCount, SliceData,
    files::{
        pairing::{self, Layout, MaskFile, Misfit},
        pattern::{NUMBER, OBJECT},
    },
    objects::{Declared, Inside, Object},
    slicing::Cutting,
};
use crate::formats::{Volume, volume};

/// NIfTI files that are listed.
pub(super) struct Volumes {
    spec: VolumesSpec,
    layout: Layout,
    objects: Vec<Object>,
    names: Vec<String>,
    sources: Vec<CaseSource>,
    labels: Vec<Result<Vec<MaskFile>, Misfit>>,
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
        let layout = Layout {
            images: base_dir.join(&spec.images),
            masks: base_dir.join(&spec.labels),
            image_name: spec.image_name.clone(),
            mask_name: spec.label_name.clone(),
            mask_field: "label_name",
            extensions: volume::EXTENSIONS,
            unpaired: spec.unpaired,
        };
        let pairs = pairing::pair(&spec.name, &layout)?;
        let declared = Declared {
            dataset: &spec.name,
            objects: &spec.objects,
            inside: &spec.inside,
            several: spec.several,
            mask_field: layout.mask_field,
            has_object: spec.label_name.has(OBJECT),
            has_number: spec.label_name.has(NUMBER),
        };
        let objects = declared.resolve(&pairs)?;
        let (sources, labels) = pairs
            .into_iter()
            .map(|pair| (pair.source, pair.masks))
            .unzip();
        Ok(Self {
            names: objects.iter().map(|object| object.name.clone()).collect(),
            spec: spec.clone(),
            layout,
            objects,
            sources,
            labels,
        })
    }
}

impl Dataset for Volumes {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn objects(&self) -> &[String] {
        &self.names
    }

    fn cases(&self) -> &[CaseSource] {
        &self.sources
    }

    fn read(
        &self,
        case: usize,
        sink: &mut dyn FnMut(SliceData) -> ControlFlow<()>,
    ) -> Result<SliceCount, DatasetError> {
        let source = &self.sources[case];
        let files = self.labels[case]
            .as_ref()
            .map_err(|misfit| self.layout.explain(misfit, &source.path))?;
        let image = Volume::read(&source.path, self.spec.frame)?;
        let truth = self.read_labels(source, &image, files)?;

        let cutting = Cutting {
            axis: self.spec.axis,
            normalise: &self.spec.normalise,
        };
        cutting.hand_over(&source.path, &image, &truth, sink)
    }
}
