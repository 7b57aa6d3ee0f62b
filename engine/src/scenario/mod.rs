//! What is asked: datasets × models × strategies, under a protocol. See [`Scenario`].

mod protocol;
mod strategy;

pub use protocol::{
    Choice, Distance, Draws, ErrorRegion, Feedback, Label, PassedPoints, Preset, Protocol,
    ProtocolSpec, Stop,
};
pub use strategy::{Continue, Primitive, Strategy, Target};

use serde::{Deserialize, Serialize};

use crate::datasets::DatasetSpec;

/// A whole study in one file: every strategy plays every model on every object of every dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Names the run folder, `runs/<name>`.
    pub name: String,
    /// The seed of every random draw.
    #[serde(default)]
    pub seed: u64,
    /// Where cases come from.
    pub datasets: Vec<DatasetSpec>,
    /// Names from the model catalogue, `assets/models.ron`.
    pub models: Vec<String>,
    /// The rules of play, unless a strategy overrides them.
    #[serde(default)]
    pub protocol: ProtocolSpec,
    /// How prompts are placed.
    pub strategies: Vec<Strategy>,
    /// How many times each trial is played, each with its own random draws.
    #[serde(default = "one")]
    pub repeats: u32,
}

fn one() -> u32 {
    1
}
