//! Masks that several people drew of the same. See [`Raters`].

use std::collections::BTreeSet;

use serde::Deserialize;

use super::files::pairing::{MaskFile, Misfit, Pair};

/// What to do with the masks of several people, told apart by `{rater}` in their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raters {
    /// A pixel belongs to an object if more than half of those who drew the case say so; so it does
    /// to the foreground.
    #[default]
    Majority,
    /// Only this one counts.
    One(String),
    /// Each object becomes one for each of them, `name_rater`.
    AsObjects,
    /// Each case becomes one for each of them, `case/rater`.
    AsCases,
}

impl Raters {
    /// Leaves the masks of those who count, and makes cases of them where asked to.
    ///
    /// # Errors
    /// Nobody of that name, and who there is instead.
    pub(super) fn choose(&self, pairs: Vec<Pair>) -> Result<Vec<Pair>, String> {
        match self {
            Self::Majority | Self::AsObjects => Ok(pairs),
            Self::One(wanted) => only(wanted, pairs),
            Self::AsCases => Ok(pairs.into_iter().flat_map(apart).collect()),
        }
    }

    /// Returns the masks of a case in groups that are read apart and then decide by majority.
    pub(super) fn groups<'a>(&self, files: &'a [MaskFile]) -> Vec<Vec<&'a MaskFile>> {
        if *self != Self::Majority {
            return vec![files.iter().collect()];
        }
        let raters: BTreeSet<_> = files.iter().map(|file| &file.rater).collect();
        let by =
            |rater: &Option<String>| files.iter().filter(|file| file.rater == *rater).collect();
        raters.into_iter().map(by).collect()
    }
}

/// Returns who drew the masks of all cases.
pub(super) fn found(pairs: &[Pair]) -> BTreeSet<&str> {
    let files = pairs.iter().filter_map(|pair| pair.masks.as_ref().ok());
    files
        .flatten()
        .filter_map(|file| file.rater.as_deref())
        .collect()
}

fn only(wanted: &str, mut pairs: Vec<Pair>) -> Result<Vec<Pair>, String> {
    let raters = found(&pairs);
    if !raters.contains(wanted) {
        let raters: Vec<_> = raters.into_iter().collect();
        return Err(format!(
            "`raters: one({wanted:?})`: no mask is theirs; expected one of {}",
            raters.join(", ")
        ));
    }
    for pair in &mut pairs {
        if let Ok(files) = &mut pair.masks {
            files.retain(|file| file.rater.as_deref() == Some(wanted));
            if files.is_empty() {
                pair.masks = Err(Misfit::NoMask);
            }
        }
    }
    Ok(pairs)
}

/// Makes a case of each rater's masks of a case.
fn apart(pair: Pair) -> Vec<Pair> {
    let Ok(files) = &pair.masks else {
        return vec![pair];
    };
    let raters: BTreeSet<_> = files.iter().filter_map(|file| file.rater.clone()).collect();
    let of = |rater: String| {
        let mut source = pair.source.clone();
        source.id = format!("{}/{rater}", source.id);
        let theirs = files
            .iter()
            .filter(|file| file.rater.as_ref() == Some(&rater));
        Pair {
            source,
            masks: Ok(theirs.cloned().collect()),
        }
    };
    raters.into_iter().map(of).collect()
}
