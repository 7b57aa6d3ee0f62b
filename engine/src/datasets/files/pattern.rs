//! How file names say which image, object and part a file belongs to. See [`Pattern`].

use std::collections::BTreeMap;

use serde::Deserialize;

/// The placeholder for the object a mask shows.
pub(in crate::datasets) const OBJECT: &str = "object";
/// The placeholder for the number of one of several masks of an object.
pub(in crate::datasets) const NUMBER: &str = "n";
/// The placeholder for who drew a mask.
pub(in crate::datasets) const RATER: &str = "rater";
/// The placeholders that an image does not share with its masks.
pub(in crate::datasets) const OF_MASKS: [&str; 3] = [OBJECT, NUMBER, RATER];

/// A pattern for the path of a file within its folder, with `/` between folders and without the
/// extension.
///
/// - `{stem}`, or any other name in lower case, stands for one or more characters, none of them
///   `/`. What these placeholders stand for is what an image and its masks have in common. The same
///   placeholder stands for the same text wherever it appears.
/// - `{object}` stands for the object that a mask shows.
/// - `{n}` stands for a number that tells several masks of an object apart.
/// - `{rater}` stands for who drew a mask, where several people drew the same.
/// - What is in `[` and `]` may be left out.
///
/// | pattern | files of image `case7` |
/// |---|---|
/// | `{stem}` | `case7.png` |
/// | `{stem}_mask[_{n}]` | `case7_mask.png`, `case7_mask_1.png`, `case7_mask_2.png` |
/// | `{stem}_{object}_{n}` | `case7_liver_000.png`, `case7_hip_left_001.png` |
/// | `{object}/{stem}` | `liver/case7.png`, `spleen/case7.png` |
/// | `{stem}/segmentations/{object}` | `case7/segmentations/liver.nii.gz` |
/// | `{stem}-mask-{rater}` | `case7-mask-r1.nii.gz`, `case7-mask-r2.nii.gz` |
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    /// One per way of leaving out what may be left out; each a list of path components.
    alternatives: Vec<Vec<Vec<Piece>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Hole(String),
}

/// What the placeholders stand for in one path.
pub(in crate::datasets) type Binding = BTreeMap<String, String>;

/// Why a text is no [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// An opening without a closing, or the other way round, or one within another.
    #[error("`{0}`: every {{ needs a }} and every [ a ], none within one of its kind")]
    Unbalanced(String),
    /// No name that a placeholder can have.
    #[error("`{0}`: `{{{1}}}` is no placeholder; expected lower-case letters, such as {{stem}}")]
    Hole(String, String),
    /// Nobody could tell where one ends and the other begins.
    #[error("`{0}`: two placeholders touch; expected some text between them")]
    Adjacent(String),
    /// Nothing that tells one image from another.
    #[error("`{0}`: expected a placeholder such as {{stem}}, which tells one image from another")]
    NoStem(String),
    /// It would take long to try all the ways in which a name fits.
    #[error("`{0}`: expected at most 3 parts in [ ] and at most 4 placeholders between two /")]
    Complex(String),
    /// It would leave its folder, or match nothing.
    #[error("`{0}`: expected a path within its folder, with / between names and without ..")]
    Path(String),
}

impl Pattern {
    /// Returns how many folders deep the files lie: 1 for those directly in their folder.
    pub(in crate::datasets) fn depths(&self) -> impl Iterator<Item = usize> {
        self.alternatives.iter().map(Vec::len)
    }

    /// Returns whether a path may begin with these folders.
    pub(in crate::datasets) fn may_descend(&self, folders: &[&str]) -> bool {
        self.alternatives.iter().any(|pieces| {
            pieces.len() > folders.len()
                && pieces.iter().zip(folders).all(|(pieces, name)| {
                    let mut any = false;
                    bind(pieces, name, &mut Binding::new(), &mut |_| any = true);
                    any
                })
        })
    }

    /// Returns whether the placeholder is in the pattern.
    pub(in crate::datasets) fn has(&self, hole: &str) -> bool {
        self.holes().any(|name| name == hole)
    }

    /// Returns the placeholders that an image and its masks share, sorted, without repetition.
    pub(in crate::datasets) fn shared_holes(&self) -> Vec<&str> {
        let mut holes: Vec<_> = self
            .holes()
            .filter(|name| !OF_MASKS.contains(name))
            .collect();
        holes.sort_unstable();
        holes.dedup();
        holes
    }

    fn holes(&self) -> impl Iterator<Item = &str> {
        self.alternatives
            .iter()
            .flatten()
            .flatten()
            .filter_map(|piece| match piece {
                Piece::Hole(name) => Some(name.as_str()),
                Piece::Text(_) => None,
            })
    }

    /// Returns every way in which a path (without extension) fits, those with longer texts for
    /// earlier placeholders first.
    pub(in crate::datasets) fn fits(&self, path: &str) -> Vec<Binding> {
        let names: Vec<&str> = path.split('/').collect();
        let mut found = Vec::new();
        for pieces in &self.alternatives {
            if pieces.len() == names.len() {
                fit_components(pieces, &names, &mut Binding::new(), &mut found);
            }
        }
        found
    }
}

/// Extends a binding over the components that are left.
fn fit_components(
    pieces: &[Vec<Piece>],
    names: &[&str],
    binding: &mut Binding,
    found: &mut Vec<Binding>,
) {
    let ([pieces, more_pieces @ ..], [name, more_names @ ..]) = (pieces, names) else {
        found.push(binding.clone());
        return;
    };
    bind(pieces, name, binding, &mut |binding| {
        fit_components(more_pieces, more_names, &mut binding.clone(), found);
    });
}

/// Calls `visit` with each binding under which the pieces spell the text.
fn bind(pieces: &[Piece], text: &str, binding: &mut Binding, visit: &mut dyn FnMut(&Binding)) {
    match pieces {
        [] if text.is_empty() => visit(binding),
        [] => {}
        [Piece::Text(start), more @ ..] => {
            if let Some(rest) = text.strip_prefix(start.as_str()) {
                bind(more, rest, binding, visit);
            }
        }
        [Piece::Hole(name), more @ ..] => {
            if let Some(value) = binding.get(name).cloned() {
                if let Some(rest) = text.strip_prefix(value.as_str()) {
                    bind(more, rest, binding, visit);
                }
                return;
            }
            let ends = text
                .char_indices()
                .map(|(start, char)| start + char.len_utf8());
            for end in ends.collect::<Vec<_>>().into_iter().rev() {
                let (value, rest) = text.split_at(end);
                let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
                if name != NUMBER || is_number {
                    binding.insert(name.clone(), value.to_owned());
                    bind(more, rest, binding, visit);
                    binding.remove(name);
                }
            }
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        if text.matches('[').count() > 3 {
            return Err(PatternError::Complex(text));
        }
        let mut alternatives = Vec::new();
        for plain in expand(&text).ok_or_else(|| PatternError::Unbalanced(text.clone()))? {
            let components = plain
                .split('/')
                .map(|name| parse(name, &text))
                .collect::<Result<Vec<_>, _>>()?;
            if plain.split('/').any(|name| ["", ".", ".."].contains(&name)) || plain.contains('\\')
            {
                return Err(PatternError::Path(text));
            }
            let holes = |pieces: &Vec<Piece>| {
                pieces
                    .iter()
                    .filter(|piece| matches!(piece, Piece::Hole(_)))
                    .count()
            };
            if components.iter().any(|pieces| holes(pieces) > 4) {
                return Err(PatternError::Complex(text));
            }
            alternatives.push(components);
        }
        let pattern = Self { text, alternatives };
        let has_stem = |pieces: &Vec<Vec<Piece>>| {
            let is_shared = |piece: &Piece| matches!(piece, Piece::Hole(name) if !OF_MASKS.contains(&name.as_str()));
            pieces.iter().flatten().any(is_shared)
        };
        if pattern.alternatives.iter().all(has_stem) {
            Ok(pattern)
        } else {
            Err(PatternError::NoStem(pattern.text))
        }
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self {
            text: "{stem}".to_owned(),
            alternatives: vec![vec![vec![Piece::Hole("stem".to_owned())]]],
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the pattern with each bracketed part kept and left out; `None` if brackets do not match.
fn expand(text: &str) -> Option<Vec<String>> {
    let Some((before, rest)) = text.split_once('[') else {
        return (!text.contains(']')).then(|| vec![text.to_owned()]);
    };
    let (optional, after) = rest.split_once(']')?;
    if optional.contains('[') || before.contains(']') {
        return None;
    }
    let mut expanded = Vec::new();
    for tail in expand(after)? {
        expanded.push(format!("{before}{optional}{tail}"));
        expanded.push(format!("{before}{tail}"));
    }
    Some(expanded)
}

/// Splits one path component into texts and placeholders.
fn parse(name: &str, whole: &str) -> Result<Vec<Piece>, PatternError> {
    let unbalanced = || PatternError::Unbalanced(whole.to_owned());
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some((text, tail)) = rest.split_once('{') {
        let (hole, after) = tail.split_once('}').ok_or_else(unbalanced)?;
        if text.contains('}') {
            return Err(unbalanced());
        }
        if hole.is_empty()
            || !hole
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            return Err(PatternError::Hole(whole.to_owned(), hole.to_owned()));
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        } else if !pieces.is_empty() {
            return Err(PatternError::Adjacent(whole.to_owned()));
        }
        pieces.push(Piece::Hole(hole.to_owned()));
        rest = after;
    }
    if rest.contains('}') {
        return Err(unbalanced());
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text.to_owned()).expect("a good pattern")
    }

    fn fits(text: &str, path: &str) -> Vec<String> {
        let show = |binding: Binding| {
            binding
                .into_iter()
                .map(|(hole, value)| format!("{hole}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        pattern(text).fits(path).into_iter().map(show).collect()
    }

    #[test]
    fn placeholders_take_what_the_texts_leave() {
        assert_eq!(fits("{stem}", "benign (1)"), ["stem=benign (1)"]);
        assert_eq!(fits("{stem}_mask[_{n}]", "a_mask_2"), ["n=2 stem=a"]);
        assert_eq!(fits("{stem}_mask[_{n}]", "a_mask"), ["stem=a"]);
        assert_eq!(fits("{stem}_mask", "a_mask_2"), [""; 0]);
        assert_eq!(fits("{object}/{stem}", "left/a"), ["object=left stem=a"]);
        assert_eq!(fits("{stem}/{stem}_flair", "p1/p1_flair"), ["stem=p1"]);
        assert_eq!(fits("{stem}/{stem}_flair", "p1/p2_flair"), [""; 0]);
        assert_eq!(fits("{stem}", "folder/a"), [""; 0]);
        assert_eq!(
            fits("{stem}_{object}_{n}", "s_1_hip_left_0"),
            [
                "n=0 object=left stem=s_1_hip",
                "n=0 object=hip_left stem=s_1",
                "n=0 object=1_hip_left stem=s"
            ]
        );
    }

    #[test]
    fn folders_are_entered_only_if_a_file_there_could_fit() {
        let pattern = pattern("{stem}/segmentations/{object}");
        assert!(pattern.may_descend(&["p1"]) && pattern.may_descend(&["p1", "segmentations"]));
        assert!(
            !pattern.may_descend(&["p1", "other"])
                && !pattern.may_descend(&["p1", "segmentations", "x"])
        );
    }

    #[test]
    fn bad_patterns_say_what_was_expected() {
        for (text, expected) in [
            ("{stem", "needs a }"),
            ("stem}", "needs a }"),
            ("{stem}[_{n}", "every [ a ]"),
            ("{stem}_[a[b]]", "none within"),
            ("{Stem}", "lower-case"),
            ("{}", "lower-case"),
            ("{stem}{n}", "touch"),
            ("image", "such as {stem}"),
            ("{object}", "such as {stem}"),
            ("[{stem}]a", "such as {stem}"),
            ("../{stem}", "within its folder"),
            ("/{stem}", "within its folder"),
            ("{stem}\\a", "within its folder"),
            ("{stem}[a][b][c][d]", "at most 3"),
            ("{a}_{b}_{c}_{d}_{e}", "at most 4"),
        ] {
            let error = Pattern::try_from(text.to_owned())
                .err()
                .map(|e| e.to_string())
                .unwrap_or_default();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"[a{}\[\]/_éstem]{0,12}", path in "[aé_/]{0,8}") {
            if let Ok(pattern) = Pattern::try_from(text) {
                pattern.fits(&path);
            }
        }

        #[test]
        fn a_filled_in_pattern_fits(stem in "[a-z_0-9]{1,8}", object in "[a-z_]{1,8}", n in 0..1000_u32) {
            let found = pattern("{stem}_{object}_{n}").fits(&format!("{stem}_{object}_{n}"));
            let is_it = |binding: &Binding| {
                binding["stem"] == stem && binding["object"] == object && binding["n"] == n.to_string()
            };
            prop_assert!(found.iter().any(is_it));
        }
    }
}
