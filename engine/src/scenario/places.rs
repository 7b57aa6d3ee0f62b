//! Where the values of a scenario are in its text. See [`Place`].

use std::ops::Range;

use ron::value::RawValue;
use serde::Deserialize;

use super::parse::dialect;

/// A value of a scenario, by its index in the scenario's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A dataset.
    Dataset(usize),
    /// A model.
    Model(usize),
    /// The name of a strategy.
    StrategyName(usize),
    /// The protocol of a strategy, or the scenario's if it has none.
    StrategyProtocol(usize),
    /// A primitive of a strategy's first prompt: strategy, primitive.
    First(usize, usize),
    /// A metric.
    Metric(usize),
}

impl Place {
    /// Finds the value in the text of its scenario: the byte range of what is written there.
    pub(super) fn find(self, text: &str) -> Option<Range<usize>> {
        let places: Places<'_> = dialect().from_str(text).ok()?;
        let strategy = |index: usize| places.strategies.get(index);
        let raw = match self {
            Self::Dataset(index) => places.datasets.get(index),
            Self::Model(index) => places.models.get(index),
            Self::StrategyName(index) => Some(&strategy(index)?.name),
            Self::StrategyProtocol(index) => {
                let own = strategy(index)?.protocol.as_ref();
                own.or(places.protocol.as_ref())
            }
            Self::First(index, first) => strategy(index)?.first.get(first),
            Self::Metric(index) => places.metrics.get(index),
        }?;
        let value = raw.get_ron();
        // A borrowed raw value is a slice of the text.
        let start = value.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        let start = start + (value.len() - value.trim_start().len());
        Some(start..start + value.trim().len())
    }
}

/// A scenario again, unread: only where things are.
#[derive(Deserialize)]
#[serde(rename = "Scenario")]
struct Places<'a> {
    #[serde(borrow)]
    datasets: Vec<&'a RawValue>,
    #[serde(borrow)]
    models: Vec<&'a RawValue>,
    #[serde(borrow)]
    strategies: Vec<StrategyPlaces<'a>>,
    #[serde(borrow, default)]
    protocol: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metrics: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename = "Strategy")]
struct StrategyPlaces<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow, default)]
    first: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    protocol: Option<&'a RawValue>,
}
