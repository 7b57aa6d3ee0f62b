//! What is asked: datasets × models × strategies, under a protocol. See [`Scenario`].
//!
//! A scenario is a RON file. Everything that can be said of one value is said by its type, so that
//! reading it is checking it; what concerns several values is in [`ScenarioFile::parse`].

mod average;
mod error;
mod list;
mod metric;
mod misfit;
mod name;
mod numbers;
mod parse;
mod places;
mod protocol;
mod relations;
mod rules;
mod strategy;

pub use average::Average;
pub use error::{Misfit, ScenarioError};
pub use metric::Metric;
pub use name::{Name, NameError};
pub use numbers::{Count, NumberError, Ratio};
pub use parse::ScenarioFile;
pub(crate) use parse::dialect;
pub use places::Place;
pub use protocol::{Preset, Protocol, ProtocolSpec};
pub use rules::{
    Choice, Distance, Draws, ErrorRegion, Feedback, Label, PassedPoints, Replay, Stop,
};
pub use strategy::{Continue, Primitive, ReplaySpec, Strategy, Target};

use serde::Deserialize;

use crate::datasets::DatasetSpec;

/// A whole study in one file: every strategy plays every model on every object of every dataset.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Names the run folder, `runs/<name>`.
    pub name: Name,
    /// The seed of every random draw.
    #[serde(default)]
    pub seed: u64,
    /// Where cases come from.
    #[serde(deserialize_with = "list::filled")]
    pub datasets: Vec<DatasetSpec>,
    /// Names from the model catalogue, `assets/models.ron`.
    #[serde(deserialize_with = "list::distinct")]
    pub models: Vec<Name>,
    /// How prompts are placed.
    #[serde(deserialize_with = "list::filled")]
    pub strategies: Vec<Strategy>,
    /// The rules of play, unless a strategy overrides them.
    #[serde(default)]
    pub protocol: ProtocolSpec,
    /// What the tables at the end of a run show, and what is measured beyond pixel counts.
    #[serde(default = "overlap", deserialize_with = "list::distinct")]
    pub metrics: Vec<Metric>,
    /// What counts once in the means of tables and figures.
    #[serde(default)]
    pub average: Average,
    /// How many times each trial is played, each with its own random draws.
    #[serde(default = "once")]
    pub repeats: Count,
}

fn overlap() -> Vec<Metric> {
    vec![Metric::Iou, Metric::Dice]
}

fn once() -> Count {
    Count::ONE
}

impl Scenario {
    /// Returns the rules under which a strategy is played.
    pub fn protocol_of(&self, strategy: &Strategy) -> Protocol {
        strategy
            .protocol
            .over(&self.protocol.over(&Protocol::default()))
    }
}
