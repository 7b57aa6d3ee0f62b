//! Where prompts go and how they continue. See [`Strategy`].

use serde::{Deserialize, Serialize};

use super::ProtocolSpec;

/// One way of prompting: the first prompt, and what follows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// Names the strategy in rows and figures.
    pub name: String,
    /// The primitives of the first prompt, given to the model together.
    pub first: Vec<Primitive>,
    /// What follows the first prompt.
    #[serde(default)]
    pub then: Continue,
    /// Overrides the scenario's protocol.
    #[serde(default)]
    pub protocol: Option<ProtocolSpec>,
}

/// A piece of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Primitive {
    /// A positive click at the interior centre: the pixel farthest from the target's border.
    Point(Target),
    /// The tight box: smallest and largest column and row, inclusive.
    Box(Target),
}

/// What a primitive is placed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The whole object.
    Object,
    /// The object's largest 8-connected region.
    LargestRegion,
    /// Each of the object's `k` largest regions. Boxes are decoded one by one and united.
    EachRegion(u32),
    /// Where the last prediction is wrong. The sign of a click says which way.
    ErrorRegion,
}

/// How a strategy goes on after its first prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Continue {
    /// One prompt, one prediction.
    #[default]
    Once,
    /// As many prompts as said, the first included; each later one looks at the last prediction.
    Iterate {
        /// How many prompts in all.
        prompts: u32,
        /// What is added at each later prompt.
        #[serde(default = "point_in_error")]
        next: Vec<Primitive>,
    },
}

fn point_in_error() -> Vec<Primitive> {
    vec![Primitive::Point(Target::ErrorRegion)]
}

impl Strategy {
    /// Returns how many predictions one trial makes at most.
    pub fn rounds(&self) -> u32 {
        match self.then {
            Continue::Once => 1,
            Continue::Iterate { prompts, .. } => prompts,
        }
    }
}
