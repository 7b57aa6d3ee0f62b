//! What a scenario says of a known dataset. See [`KnownSpec`].

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::catalogue::{Known, KnownLayout};
use crate::{
    datasets::{DatasetSpec, Preparation, Raters, Step, Unpaired},
    scenario::{Name, dialect},
};

/// One of the study's datasets in a folder, as its publisher lays it out, and what is to differ.
///
/// ```ron
/// mri_brain(
///     folder: "data/BraTS2020_TrainingData",
///     name: "mri_brain_t2",               // by default what the dataset is called
///     layout: "cases",                    // by default the first that fits
///     modality: "t2",                     // where there are several
///     objects: ["edema"],                 // by default all
///     normalise: [min_max(slice)],        // these four: by default as `engine datasets` prints
///     prepare: (slices: largest),
///     raters: one("r1"),
///     unpaired: fail,
/// )
/// ```
#[derive(Clone, Debug)]
pub struct KnownSpec {
    /// Which dataset it is.
    pub known: &'static Known,
    /// Names it in rows and figures.
    pub name: Name,
    /// Where its files are.
    pub folder: PathBuf,
    fields: Fields,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename = "Dataset", deny_unknown_fields)]
struct Fields {
    folder: PathBuf,
    #[serde(default)]
    name: Option<Name>,
    #[serde(default)]
    layout: Option<Name>,
    #[serde(default)]
    modality: Option<Name>,
    #[serde(default)]
    objects: Vec<Name>,
    #[serde(default)]
    raters: Option<Raters>,
    #[serde(default)]
    unpaired: Option<Unpaired>,
    #[serde(default)]
    normalise: Option<Vec<Step>>,
    #[serde(default)]
    prepare: Preparation,
}

impl PartialEq for KnownSpec {
    fn eq(&self, other: &Self) -> bool {
        self.known.id == other.known.id && self.fields == other.fields
    }
}

impl KnownSpec {
    /// Reads what stands in the parentheses after the dataset's name.
    pub(in crate::datasets) fn deserialize<'de, D>(
        known: &'static Known,
        deserializer: D,
    ) -> Result<Self, D::Error>
    where
        D: Deserializer<'de>,
    {
        let fields = Fields::deserialize(deserializer)?;
        let own_name = || Name::try_from(known.id).expect("tests read all of the catalogue");
        Ok(Self {
            known,
            name: fields.name.clone().unwrap_or_else(own_name),
            folder: fields.folder.clone(),
            fields,
        })
    }

    /// Returns the layouts to look for: the one that is named, or all.
    pub(super) fn layouts(&self) -> Result<Vec<&'static KnownLayout>, String> {
        let all = self.known.layouts.iter();
        let Some(wanted) = &self.fields.layout else {
            return Ok(all.collect());
        };
        let found: Vec<_> = all.clone().filter(|one| one.name == **wanted).collect();
        if found.is_empty() {
            let names: Vec<_> = all.map(|layout| layout.name.as_str()).collect();
            return Err(format!(
                "there is no layout `{wanted}`; expected one of {}",
                names.join(", ")
            ));
        }
        Ok(found)
    }

    /// Returns the dataset in terms of files.
    pub(super) fn expand(
        &self,
        layout: &KnownLayout,
        folder: &Path,
    ) -> Result<DatasetSpec, String> {
        let modality = self.fields.modality.as_deref();
        // A scenario is UTF-8, and so is what it joins to.
        let text = layout.declaration(&folder.to_string_lossy(), modality)?;
        dialect()
            .from_str(&text)
            .map_err(|error| format!("{error}: {text}"))
    }

    /// Puts what the scenario says in place of what the declaration does.
    pub(super) fn override_in(&self, declared: &mut DatasetSpec) -> Result<(), String> {
        let Some(settings) = declared.settings() else {
            unreachable!("known datasets are made of files");
        };
        let fields = &self.fields;
        *settings.name = self.name.clone();
        if let Some(steps) = &fields.normalise {
            settings.normalise.clone_from(steps);
        }
        *settings.prepare = fields.prepare.over(settings.prepare);
        if let Some(unpaired) = fields.unpaired {
            *settings.unpaired = unpaired;
        }
        match (&fields.raters, settings.raters) {
            (Some(raters), Some(declared)) => declared.clone_from(raters),
            (Some(_), None) => return Err("`raters`: there is only one here".to_owned()),
            (None, _) => {}
        }
        let known: Vec<_> = settings
            .objects
            .iter()
            .map(|one| one.name.clone())
            .collect();
        if let Some(unknown) = fields.objects.iter().find(|name| !known.contains(name)) {
            let known: Vec<_> = known.iter().map(ToString::to_string).collect();
            return Err(format!(
                "there is no object `{unknown}`; expected some of {}",
                known.join(", ")
            ));
        }
        if !fields.objects.is_empty() {
            let wanted = &fields.objects;
            settings
                .objects
                .retain(|object| wanted.contains(&object.name));
        }
        Ok(())
    }
}
