//! What must fit between the values of a scenario. See [`find_flaw`].

use std::collections::BTreeMap;

use super::{Continue, Draws, Metric, Name, Place, Scenario, Target};
use crate::datasets::DatasetSpec;

/// Values that do not fit one another.
pub(super) struct Flaw {
    /// Where the last of them is.
    pub(super) place: Place,
    /// What is wrong.
    pub(super) message: String,
    /// What was expected there.
    pub(super) expected: &'static str,
}

/// Returns the first flaw.
pub(super) fn find_flaw(scenario: &Scenario) -> Option<Flaw> {
    repeated_dataset(scenario)
        .or_else(|| repeated_strategy(scenario))
        .or_else(|| no_prompt(scenario))
        .or_else(|| early_error_region(scenario))
        .or_else(|| torn_stream(scenario))
        .or_else(|| second_tolerance(scenario))
}

fn repeated_dataset(scenario: &Scenario) -> Option<Flaw> {
    let names = scenario.datasets.iter().map(DatasetSpec::name);
    let (index, name) = find_repeated(names.map(ToString::to_string))?;
    Some(Flaw {
        place: Place::Dataset(index),
        message: format!("two datasets are called {name:?}"),
        expected: "expected a name of its own",
    })
}

fn repeated_strategy(scenario: &Scenario) -> Option<Flaw> {
    let names = scenario.strategies.iter().map(|strategy| &strategy.name);
    let (index, name) = find_repeated(names.map(ToString::to_string))?;
    Some(Flaw {
        place: Place::StrategyName(index),
        message: format!("two strategies are called {name:?}"),
        expected: "expected a name of its own",
    })
}

/// Finds the first name that was there before. Upper and lower case are the same: some file
/// systems do not tell them apart.
fn find_repeated(mut names: impl Iterator<Item = String>) -> Option<(usize, String)> {
    let mut before: Vec<String> = Vec::new();
    let repeated = names.find(|name| {
        let is_repeated = before.iter().any(|other| other.eq_ignore_ascii_case(name));
        before.push(name.clone());
        is_repeated
    })?;
    Some((before.len() - 1, repeated))
}

fn no_prompt(scenario: &Scenario) -> Option<Flaw> {
    let strategies = scenario.strategies.iter().enumerate();
    let mut flaws = strategies.filter_map(|(index, strategy)| {
        let name = &*strategy.name;
        let places = !strategy.first.is_empty() || strategy.then != Continue::Once;
        let (message, expected) = match (&strategy.replay, places) {
            (None, _) if strategy.first.is_empty() => (
                format!("strategy {name:?} says nothing of its first prompt"),
                "expected `first: […]` or `replay: (file: …)` after this",
            ),
            (Some(_), true) => (
                format!("strategy {name:?} both places prompts and replays some"),
                "expected either `first` and `then`, or `replay`",
            ),
            _ => return None,
        };
        Some(Flaw {
            place: Place::StrategyName(index),
            message,
            expected,
        })
    });
    flaws.next()
}

fn early_error_region(scenario: &Scenario) -> Option<Flaw> {
    for (index, strategy) in scenario.strategies.iter().enumerate() {
        for (primitive, first) in strategy.first.iter().enumerate() {
            if first.target() == Target::ErrorRegion {
                return Some(Flaw {
                    place: Place::First(index, primitive),
                    message: format!(
                        "strategy {:?} looks for an error before there is a prediction",
                        &*strategy.name
                    ),
                    expected: "expected on object, largest_region or each_region(k)",
                });
            }
        }
    }
    None
}

fn torn_stream(scenario: &Scenario) -> Option<Flaw> {
    let mut seeds: BTreeMap<Name, u32> = BTreeMap::new();
    for (index, strategy) in scenario.strategies.iter().enumerate() {
        let Draws::Legacy {
            seed,
            stream: Some(stream),
        } = scenario.protocol_of(strategy).ties
        else {
            continue;
        };
        let first = *seeds.entry(stream.clone()).or_insert(seed);
        if first != seed {
            return Some(Flaw {
                place: Place::StrategyProtocol(index),
                message: format!("the stream \"{stream}\" is seeded with {first} and with {seed}"),
                expected: "expected the seed of the strategy it shares the stream with",
            });
        }
    }
    None
}

fn second_tolerance(scenario: &Scenario) -> Option<Flaw> {
    let metrics = scenario.metrics.iter().enumerate();
    let mut nsd = metrics.filter(|(_, metric)| matches!(metric, Metric::Nsd { .. }));
    let (index, _) = nsd.nth(1)?;
    Some(Flaw {
        place: Place::Metric(index),
        message: "nsd is asked for at two tolerances".to_owned(),
        expected: "expected one: rows have one column for it",
    })
}
