//! What strategies, datasets and scenarios are called. See [`Name`].

use std::{fmt, ops::Deref};

use serde::{Deserialize, Serialize};

/// The longest name, in bytes: with room for an extension, every file system takes it.
const LONGEST: usize = 64;

/// A name that is also a good file name on every system, and needs no quotes in a CSV file:
/// ASCII letters, digits and `_`, in words joined by single `-` or `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is no [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing in it.
    #[error("the name is empty; expected one or more letters")]
    Empty,
    /// Too long; only the beginning is kept.
    #[error("the name {0:?} is too long; expected at most {LONGEST} characters")]
    Long(String),
    /// A character that some file system, shell or table would trip over.
    #[error(
        "the name {name:?} holds {char:?}; expected plain letters, digits and _, in words joined by - or ."
    )]
    Char {
        /// The beginning of the name.
        name: String,
        /// The first such character.
        char: char,
    },
    /// A joint without a word on one side.
    #[error("the name {0:?} has a - or . that joins no words; expected words on both sides")]
    Joint(String),
    /// Windows keeps it for a device.
    #[error("{0:?} cannot be a file on Windows; expected another name")]
    Device(String),
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let is_joint = |char: char| char == '-' || char == '.';
        let odd = name.chars().find(|&char| !is_word(char) && !is_joint(char));
        if name.is_empty() {
            Err(NameError::Empty)
        } else if let Some(char) = odd {
            Err(NameError::Char {
                name: beginning(name),
                char,
            })
        } else if name.len() > LONGEST {
            Err(NameError::Long(beginning(name)))
        } else if name.split(is_joint).any(str::is_empty) {
            Err(NameError::Joint(name))
        } else if is_device(&name) {
            Err(NameError::Device(name))
        } else {
            Ok(Self(name))
        }
    }
}

/// Shortens what is no name, and may be a whole text, for a message.
fn beginning(name: String) -> String {
    match name.char_indices().nth(20) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    }
}

/// Returns true for the names that Windows keeps for devices, with or without an extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let is_port = |prefix| {
        stem.strip_prefix(prefix)
            .is_some_and(|rest: &str| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    ["con", "prn", "aux", "nul"].contains(&stem.as_str()) || is_port("com") || is_port("lpt")
}

impl TryFrom<&str> for Name {
    type Error = NameError;

    fn try_from(name: &str) -> Result<Self, NameError> {
        name.to_owned().try_into()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_plain() {
        for name in ["a", "mobile_sam", "top-3_points", "v1.2", "_", "9"] {
            assert_eq!(&*Name::try_from(name).expect("a good name"), name);
        }
        let long = "x".repeat(LONGEST + 1);
        for name in [
            "", " ", "a b", "a/b", "a\\b", "..", ".", "../a", ".a", "a.", "-a", "a--b", "a-.b",
            "a\0", "a\n", "ä", "a,b", "a\"b", "nul", "COM1.txt", &long,
        ] {
            assert!(Name::try_from(name).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_one_plain_component(text in ".{0,12}") {
            if let Ok(name) = Name::try_from(text.as_str()) {
                let path = std::path::Path::new(&*name);
                prop_assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(&*text));
            }
        }
    }
}
