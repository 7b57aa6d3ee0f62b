//! What a checkpoint says about its model beside the tensors. See [`ModelConfig`].

use std::{collections::BTreeMap, fmt};

/// How a model was built, as RITM's checkpoints record it: the class and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelConfig {
    /// The file.
    pub origin: String,
    /// The class with its module, as in `isegm.model.is_hrnet_model.HRNetModel`.
    pub class: String,
    /// The arguments by name.
    pub parameters: BTreeMap<String, Setting>,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Python's `None`.
    Nothing,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Anything else.
    Other,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("None"),
            Self::Flag(flag) => f.write_str(if *flag { "True" } else { "False" }),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Other => f.write_str("something else"),
        }
    }
}
