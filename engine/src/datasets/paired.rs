//! Images and masks that were listed and joined: what all datasets of files have in common. See
//! [`Paired`].

use super::{
    CaseSource, DatasetError, Inside, ObjectSpec, Preparation, Raters, Several, Step,
    files::{
        pairing::{self, Layout, MaskFile, Misfit},
        pattern::{NUMBER, OBJECT, RATER},
    },
    intensity::normalise,
    objects::{Declared, Object},
};

/// What a declaration says of files and objects.
pub(super) struct Declaration<'a> {
    pub(super) dataset: &'a str,
    pub(super) layout: Layout,
    pub(super) objects: &'a [ObjectSpec],
    pub(super) inside: &'a Inside,
    pub(super) several: Several,
    pub(super) raters: &'a Raters,
    pub(super) normalise: &'a [Step],
    pub(super) prepare: &'a Preparation,
}

/// The cases of a dataset of files, and its objects.
pub(super) struct Paired {
    pub(super) name: String,
    /// As they are found in the masks.
    pub(super) objects: Vec<Object>,
    /// Of the tasks' objects, in order.
    pub(super) names: Vec<String>,
    /// In canonical order.
    pub(super) sources: Vec<CaseSource>,
    layout: Layout,
    masks: Vec<Result<Vec<MaskFile>, Misfit>>,
    raters: Raters,
    passed_over: usize,
}

impl Paired {
    /// Lists images and masks, joins them, and finds the objects; leaves the cases that are played.
    ///
    /// # Errors
    /// A contradictory declaration, a folder that cannot be listed, no case at all.
    pub(super) fn open(declaration: Declaration<'_>) -> Result<Self, DatasetError> {
        let Declaration {
            dataset,
            layout,
            raters,
            prepare,
            ..
        } = declaration;
        let wrong = |problem: String| DatasetError::Declaration {
            dataset: dataset.to_owned(),
            problem,
        };
        normalise::check(declaration.normalise, false).map_err(wrong)?;
        let has_rater = layout.mask_name.has(RATER);
        if !has_rater && *raters != Raters::default() {
            let field = layout.mask_field;
            return Err(wrong(format!("`raters` needs {{rater}} in `{field}`")));
        }
        let (pairs, passed_over) = pairing::pair(dataset, &layout)?;
        let mut pairs = raters.choose(pairs).map_err(wrong)?;
        let declared = Declared {
            dataset,
            objects: declaration.objects,
            inside: declaration.inside,
            several: declaration.several,
            per_rater: *raters == Raters::AsObjects,
            mask_field: layout.mask_field,
            has_object: layout.mask_name.has(OBJECT),
            has_number: layout.mask_name.has(NUMBER),
        };
        let objects = declared.resolve(&pairs)?;
        prepare.keep_cases(&mut pairs, |pair| &pair.source.id);
        let names = objects.iter().map(|object| object.name.clone()).collect();
        let (sources, masks) = pairs
            .into_iter()
            .map(|pair| (pair.source, pair.masks))
            .unzip();
        Ok(Self {
            name: dataset.to_owned(),
            names: prepare.name_objects(names),
            objects,
            sources,
            masks,
            raters: raters.clone(),
            layout,
            passed_over,
        })
    }

    /// Returns a case with its masks, in groups that are read apart and then decide by majority;
    /// no group is empty.
    ///
    /// # Errors
    /// It is no case, and why.
    pub(super) fn case(
        &self,
        case: usize,
    ) -> Result<(&CaseSource, Vec<Vec<&MaskFile>>), DatasetError> {
        let source = &self.sources[case];
        match &self.masks[case] {
            Ok(files) => Ok((source, self.raters.groups(files))),
            Err(misfit) => Err(self.layout.explain(misfit, &source.path)),
        }
    }

    /// Returns which objects a file shows, by index.
    pub(super) fn shown_in(&self, file: &MaskFile) -> Vec<usize> {
        let here = |&index: &usize| self.objects[index].is_in(file);
        (0..self.objects.len()).filter(here).collect()
    }

    /// Says what the user should know of how the files were understood.
    pub(super) fn remarks(&self) -> Vec<String> {
        match self.passed_over {
            0 => Vec::new(),
            1 => vec!["1 file without a partner is passed over".to_owned()],
            files => vec![format!("{files} files without a partner are passed over")],
        }
    }
}
