//! Where prompts go and how they continue. See [`Strategy`].

use std::path::PathBuf;

use serde::Deserialize;

use super::{Count, Name, ProtocolSpec, list};

/// One way of prompting: the first prompt, and what follows it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// Names the strategy in rows and figures.
    pub name: Name,
    /// The primitives of the first prompt, given to the model together; none if it replays.
    #[serde(default, deserialize_with = "list::filled")]
    pub first: Vec<Primitive>,
    /// Whose prompts are given once more, instead of placing any.
    #[serde(default)]
    pub replay: Option<ReplaySpec>,
    /// What follows the first prompt.
    #[serde(default)]
    pub then: Continue,
    /// What differs from the scenario's protocol.
    #[serde(default)]
    pub protocol: ProtocolSpec,
}

/// Prompts that were recorded by another run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename = "Recording")]
pub struct ReplaySpec {
    /// The `prompts.json` of the run; relative to the scenario's folder.
    pub file: PathBuf,
    /// The model that was prompted; may be left out if the file has one.
    #[serde(default)]
    pub model: Option<Name>,
    /// The strategy that placed the prompts; may be left out if the file has one, or one of the
    /// name of the strategy that replays.
    #[serde(default)]
    pub strategy: Option<Name>,
}

/// A piece of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Primitive {
    /// A click at the interior centre: the pixel farthest from the target's border. It is positive,
    /// but in an error region, where its sign says which way the last prediction is wrong.
    Point(Target),
    /// The tight box: smallest and largest column and row, inclusive.
    Box(Target),
}

/// What a primitive is placed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The whole object.
    Object,
    /// The object's largest 8-connected region.
    LargestRegion,
    /// Each of the object's largest 8-connected regions, as many as said or as there are.
    /// Boxes are decoded one by one and their masks united.
    EachRegion(Count),
    /// Where the last prediction is wrong; not in a first prompt.
    ErrorRegion,
}

/// How a strategy goes on after its first prompt.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(
    rename = "Continuation",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Continue {
    /// One prompt, one prediction.
    #[default]
    Once,
    /// As many prompts as said, the first included; each later one looks at the last prediction.
    Iterate {
        /// How many prompts in all.
        prompts: Count,
        /// What is added at each later prompt; a point in the error region if left out.
        #[serde(default = "point_in_error", deserialize_with = "list::filled")]
        next: Vec<Primitive>,
    },
}

fn point_in_error() -> Vec<Primitive> {
    vec![Primitive::Point(Target::ErrorRegion)]
}

impl Primitive {
    /// Returns what the primitive is placed on.
    pub fn target(self) -> Target {
        match self {
            Self::Point(target) | Self::Box(target) => target,
        }
    }
}

impl Strategy {
    /// Returns how many predictions one trial makes at most, unless it replays: then its recording
    /// says.
    pub fn rounds(&self) -> u32 {
        match self.then {
            Continue::Once => 1,
            Continue::Iterate { prompts, .. } => prompts.get(),
        }
    }
}
