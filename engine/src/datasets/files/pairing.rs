//! Which masks belong to which image. See [`pair`].

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    listing::{self, Found, Odd, Oddity},
    pattern::{Binding, NUMBER, OBJECT, OF_MASKS, Pattern, RATER},
};
use crate::datasets::{CaseSource, DatasetError};

/// Where images and masks are and what they are called.
#[derive(Clone, Debug)]
pub(in crate::datasets) struct Layout {
    pub(in crate::datasets) images: PathBuf,
    pub(in crate::datasets) masks: PathBuf,
    pub(in crate::datasets) image_name: Pattern,
    pub(in crate::datasets) mask_name: Pattern,
    /// What the declaration calls `mask_name`.
    pub(in crate::datasets) mask_field: &'static str,
    pub(in crate::datasets) extensions: &'static [&'static str],
    pub(in crate::datasets) unpaired: Unpaired,
}

/// What to do with an image without a mask, or a mask without an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unpaired {
    /// It is a case that fails, and says so.
    #[default]
    Fail,
    /// It is passed over.
    Skip,
}

/// A case and its masks, or why it cannot be read.
pub(in crate::datasets) struct Pair {
    pub(in crate::datasets) source: CaseSource,
    /// Sorted by path.
    pub(in crate::datasets) masks: Result<Vec<MaskFile>, Misfit>,
}

/// One file with masks.
#[derive(Clone, Debug)]
pub(in crate::datasets) struct MaskFile {
    pub(in crate::datasets) path: PathBuf,
    /// What `{object}` stands for.
    pub(in crate::datasets) object: Option<String>,
    /// What `{n}` stands for.
    pub(in crate::datasets) number: Option<String>,
    /// What `{rater}` stands for.
    pub(in crate::datasets) rater: Option<String>,
}

/// Why a file is no case.
#[derive(Clone, Debug)]
pub(in crate::datasets) enum Misfit {
    NoMask,
    NoImage,
    /// Another image answers to the same name.
    Twin(PathBuf),
    Odd(Oddity),
}

/// Lists images and masks and joins them; sorted by identifier. Returns also how many files without
/// a partner were passed over.
///
/// # Errors
/// Patterns that do not go together; a folder that cannot be listed; not a single image with a mask.
pub(in crate::datasets) fn pair(
    dataset: &str,
    layout: &Layout,
) -> Result<(Vec<Pair>, usize), DatasetError> {
    layout
        .check()
        .map_err(|problem| DatasetError::Declaration {
            dataset: dataset.to_owned(),
            problem,
        })?;
    let list = |folder: &Path, pattern| {
        listing::list(folder, pattern, layout.extensions).map_err(|source| DatasetError::Folder {
            path: folder.to_owned(),
            source,
        })
    };
    let (images, mut odd) = list(&layout.images, &layout.image_name)?;
    let (masks, odd_masks) = list(&layout.masks, &layout.mask_name)?;
    if layout.images != layout.masks {
        odd.extend(odd_masks);
    }

    let images: Vec<(String, Found)> = images
        .into_iter()
        .filter_map(|found| Some((key(layout.image_name.fits(&found.name).first()?), found)))
        .collect();
    let (mut pairs, passed_over) = join(images, masks, layout);
    pairs.extend(odd.into_iter().map(|Odd { path, oddity }| {
        let name = path
            .strip_prefix(&layout.images)
            .or_else(|_| path.strip_prefix(&layout.masks));
        let id = name.unwrap_or(&path).to_string_lossy().into_owned();
        Pair {
            source: CaseSource { id, path },
            masks: Err(Misfit::Odd(oddity)),
        }
    }));
    pairs.sort_unstable_by(|a, b| {
        (&a.source.id, &a.source.path).cmp(&(&b.source.id, &b.source.path))
    });

    if pairs.iter().any(|pair| pair.masks.is_ok()) {
        return Ok((pairs, passed_over));
    }
    Err(DatasetError::NoCases {
        dataset: dataset.to_owned(),
        found: match pairs.first() {
            Some(pair) => format!(
                "found {} without a partner, such as {}",
                pairs.len(),
                pair.source.path.display()
            ),
            None => "found none".to_owned(),
        },
        expected: format!(
            "images `{}` in {} and masks `{}` in {}, with extension {}",
            layout.image_name,
            layout.images.display(),
            layout.mask_name,
            layout.masks.display(),
            layout.extensions.join(", "),
        ),
    })
}

/// Returns what identifies an image among the others: the texts of the shared placeholders.
pub(in crate::datasets) fn key(binding: &Binding) -> String {
    let shared = binding
        .iter()
        .filter(|(hole, _)| !OF_MASKS.contains(&hole.as_str()));
    // No file name holds a NUL.
    shared
        .map(|(_, text)| text.as_str())
        .collect::<Vec<_>>()
        .join("\0")
}

/// Attaches each mask to the image of the same key; counts what is passed over.
fn join(images: Vec<(String, Found)>, masks: Vec<Found>, layout: &Layout) -> (Vec<Pair>, usize) {
    let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, (key, _)) in images.iter().enumerate() {
        by_key.entry(key).or_default().push(index);
    }
    let mut attached: Vec<Vec<MaskFile>> = images.iter().map(|_| Vec::new()).collect();
    let mut used: HashSet<PathBuf> = HashSet::new();
    let mut lone = Vec::new();
    for mask in masks {
        let bindings = layout.mask_name.fits(&mask.name);
        let image_of = |binding: &Binding| {
            let index = *by_key.get(key(binding).as_str())?.first()?;
            (images[index].1.path != mask.path).then_some(index)
        };
        match bindings
            .iter()
            .find_map(|binding| Some((image_of(binding)?, binding)))
        {
            Some((index, binding)) => {
                used.insert(mask.path.clone());
                attached[index].push(MaskFile {
                    path: mask.path,
                    object: binding.get(OBJECT).cloned(),
                    number: binding.get(NUMBER).cloned(),
                    rater: binding.get(RATER).cloned(),
                });
            }
            None if !bindings.is_empty() => lone.push(mask),
            None => {}
        }
    }

    let skips = layout.unpaired == Unpaired::Skip;
    let image_paths: HashSet<&Path> = images
        .iter()
        .map(|(_, found)| found.path.as_path())
        .collect();
    // Where images and masks share a folder, an image pattern may fit the masks too, and the other
    // way round: a file that is some image's mask is no image, and any other image is no mask.
    lone.retain(|mask| !image_paths.contains(mask.path.as_path()));
    let mut passed_over = 0;
    if skips {
        passed_over += lone.len();
        lone.clear();
    }
    let twins: Vec<Option<PathBuf>> = images
        .iter()
        .map(|(key, found)| {
            let others = by_key[key.as_str()]
                .iter()
                .map(|&index| &images[index].1.path);
            others.filter(|path| **path != found.path).min().cloned()
        })
        .collect();

    let mut pairs = Vec::new();
    for (((_, found), mut masks), twin) in images.into_iter().zip(attached).zip(twins) {
        if used.contains(&found.path) {
            continue;
        }
        if masks.is_empty() && twin.is_none() && skips {
            passed_over += 1;
            continue;
        }
        masks.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let (id, masks) = match twin {
            Some(twin) => (file_name(&found), Err(Misfit::Twin(twin))),
            None if masks.is_empty() => (found.name, Err(Misfit::NoMask)),
            None => (found.name, Ok(masks)),
        };
        pairs.push(Pair {
            source: CaseSource {
                id,
                path: found.path,
            },
            masks,
        });
    }
    pairs.extend(lone.into_iter().map(|mask| Pair {
        source: CaseSource {
            id: mask.name,
            path: mask.path,
        },
        masks: Err(Misfit::NoImage),
    }));
    (pairs, passed_over)
}

/// Returns the path within the folder with the extension, which alone tells twins apart.
fn file_name(found: &Found) -> String {
    let extension = found.path.extension().unwrap_or_default().to_string_lossy();
    format!("{}.{extension}", found.name)
}

impl Layout {
    /// Says what keeps the two patterns from going together.
    fn check(&self) -> Result<(), String> {
        let Self {
            image_name,
            mask_name,
            mask_field,
            ..
        } = self;
        if OF_MASKS.iter().any(|hole| image_name.has(hole)) {
            return Err(format!(
                "`image_name: {image_name}`: {{object}}, {{n}} and {{rater}} are for masks"
            ));
        }
        if image_name.shared_holes() != mask_name.shared_holes() {
            return Err(format!(
                "`image_name: {image_name}` and `{mask_field}: {mask_name}`: expected the same placeholders in \
                 both, but for {{object}}, {{n}} and {{rater}}"
            ));
        }
        if self.images == self.masks && image_name == mask_name {
            return Err(format!(
                "images and masks have the same names in the same folder; expected a `{mask_field}`"
            ));
        }
        Ok(())
    }

    /// Says why a file is no case.
    pub(in crate::datasets) fn explain(&self, misfit: &Misfit, path: &Path) -> DatasetError {
        let path = path.to_owned();
        match misfit {
            Misfit::NoMask => DatasetError::NoMask {
                path,
                folder: self.masks.clone(),
                pattern: self.mask_name.to_string(),
            },
            Misfit::NoImage => DatasetError::NoImage {
                path,
                folder: self.images.clone(),
                pattern: self.image_name.to_string(),
            },
            Misfit::Twin(other) => DatasetError::Twin {
                path,
                other: other.clone(),
            },
            Misfit::Odd(Oddity::Name) => DatasetError::NotUtf8 { path },
            Misfit::Odd(Oddity::Unreadable(kind)) => DatasetError::Folder {
                path,
                source: (*kind).into(),
            },
        }
    }
}
