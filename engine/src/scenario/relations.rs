//! What must fit between the values of a scenario. See [`find_flaw`].

use std::{collections::BTreeMap, ops::Range};

use ron::value::RawValue;
use serde::Deserialize;

use crate::datasets::DatasetSpec;

use super::{Draws, Name, Scenario, Target, parse::options};

/// Values that do not fit one another.
pub(super) struct Flaw {
    /// Where the second of them is.
    pub(super) at: At,
    /// What is wrong.
    pub(super) message: String,
    /// What was expected there.
    pub(super) expected: &'static str,
}

/// A value of a scenario, by index.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// A dataset.
    Dataset(usize),
    /// The name of a strategy.
    StrategyName(usize),
    /// The protocol of a strategy, or the scenario's if it has none.
    StrategyProtocol(usize),
    /// A primitive of a strategy's first prompt.
    First(usize, usize),
}

/// Returns the first flaw.
pub(super) fn find_flaw(scenario: &Scenario) -> Option<Flaw> {
    repeated_dataset(scenario)
        .or_else(|| repeated_strategy(scenario))
        .or_else(|| early_error_region(scenario))
        .or_else(|| torn_stream(scenario))
}

fn repeated_dataset(scenario: &Scenario) -> Option<Flaw> {
    let names = scenario.datasets.iter().map(DatasetSpec::name);
    let (index, name) = find_repeated(names)?;
    Some(Flaw {
        at: At::Dataset(index),
        message: format!("two datasets are called {name:?}"),
        expected: "needs a name of its own",
    })
}

fn repeated_strategy(scenario: &Scenario) -> Option<Flaw> {
    let names = scenario.strategies.iter().map(|strategy| &strategy.name);
    let (index, name) = find_repeated(names)?;
    Some(Flaw {
        at: At::StrategyName(index),
        message: format!("two strategies are called {:?}", &**name),
        expected: "needs a name of its own",
    })
}

/// Finds the first item that was there before. Upper and lower case are the same: some file
/// systems do not tell them apart.
fn find_repeated<'a>(names: impl Iterator<Item = &'a Name>) -> Option<(usize, &'a Name)> {
    let mut before = Vec::new();
    names.enumerate().find(|(_, name)| {
        let folded = name.to_ascii_lowercase();
        let is_repeated = before.contains(&folded);
        before.push(folded);
        is_repeated
    })
}

fn early_error_region(scenario: &Scenario) -> Option<Flaw> {
    scenario
        .strategies
        .iter()
        .enumerate()
        .find_map(|(index, strategy)| {
            let first = strategy
                .first
                .iter()
                .position(|primitive| primitive.target() == Target::ErrorRegion)?;
            Some(Flaw {
                at: At::First(index, first),
                message: format!(
                    "strategy {:?} looks for an error before there is a prediction",
                    &*strategy.name
                ),
                expected: "a first prompt goes on object, largest_region or each_region(k)",
            })
        })
}

fn torn_stream(scenario: &Scenario) -> Option<Flaw> {
    let mut seeds: BTreeMap<Name, u32> = BTreeMap::new();
    scenario
        .strategies
        .iter()
        .enumerate()
        .find_map(|(index, strategy)| {
            let Draws::Legacy {
                seed,
                stream: Some(stream),
            } = scenario.protocol_of(strategy).ties
            else {
                return None;
            };
            let first = *seeds.entry(stream.clone()).or_insert(seed);
            (first != seed).then(|| Flaw {
                at: At::StrategyProtocol(index),
                message: format!(
                    "the stream {:?} is seeded with {first} and with {seed}",
                    &*stream
                ),
                expected: "strategies that share a stream share its seed",
            })
        })
}

impl At {
    /// Finds the value in the text of its scenario: the byte range of what is written there.
    pub(super) fn find(self, text: &str) -> Option<Range<usize>> {
        let places: Places<'_> = options().from_str(text).ok()?;
        let raw = match self {
            Self::Dataset(index) => places.datasets.get(index),
            Self::StrategyName(index) => Some(&places.strategies.get(index)?.name),
            Self::First(index, first) => places.strategies.get(index)?.first.get(first),
            Self::StrategyProtocol(index) => {
                (places.strategies.get(index)?.protocol.as_ref()).or(places.protocol.as_ref())
            }
        }?;
        let value = raw.get_ron();
        // A borrowed raw value is a slice of the text.
        let start = value.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        let value_start = start + (value.len() - value.trim_start().len());
        Some(value_start..value_start + value.trim().len())
    }
}

/// A scenario again, unread: only where things are.
#[derive(Deserialize)]
#[serde(rename = "Scenario")]
struct Places<'a> {
    #[serde(borrow)]
    datasets: Vec<&'a RawValue>,
    #[serde(borrow)]
    strategies: Vec<StrategyPlaces<'a>>,
    #[serde(borrow, default)]
    protocol: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename = "Strategy")]
struct StrategyPlaces<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow)]
    first: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    protocol: Option<&'a RawValue>,
}
