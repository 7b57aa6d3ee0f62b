//! What stays the same for a whole run: the scenario with its datasets opened and its models built.
//! See [`Study`].

use std::sync::Arc;

use bevy_ecs::prelude::*;
use kernels::Device;

use crate::{
    datasets::Dataset,
    metrics::Wanted,
    models::Model,
    runs::Recording,
    scenario::{Draws, Metric, Protocol, Scenario, Strategy},
};

/// A scenario ready to be played.
#[derive(Resource)]
pub struct Study {
    /// As it was asked.
    pub scenario: Scenario,
    /// The scenario's datasets, opened, in its order.
    pub datasets: Arc<[Box<dyn Dataset>]>,
    /// The scenario's models, built, in its order.
    pub models: Vec<Box<dyn Model>>,
    /// Where the models are, and where distances are measured.
    pub device: Device,
    /// The scenario's strategies with their rules resolved, in its order.
    pub strategies: Vec<(Strategy, Protocol)>,
    /// The prompts of those that replay; as many as there are strategies.
    pub recordings: Vec<Option<Recording>>,
    /// What is measured of each prediction beyond pixel counts.
    pub wanted: Wanted,
}

impl Study {
    /// Resolves the rules of every strategy; `recordings` has one place for each.
    pub fn new(
        scenario: Scenario,
        datasets: Vec<Box<dyn Dataset>>,
        models: Vec<Box<dyn Model>>,
        device: Device,
        recordings: Vec<Option<Recording>>,
    ) -> Self {
        let strategies = scenario
            .strategies
            .iter()
            .map(|strategy| (strategy.clone(), scenario.protocol_of(strategy)))
            .collect();
        Self {
            wanted: Metric::wanted(&scenario.metrics),
            scenario,
            datasets: datasets.into(),
            models,
            device,
            strategies,
            recordings,
        }
    }

    /// Says whether some rule consumes one random stream in order, so that trials must follow
    /// one another.
    pub fn is_sequential(&self) -> bool {
        self.strategies.iter().any(|(strategy, protocol)| {
            strategy.replay.is_none() && matches!(protocol.ties, Draws::Legacy { .. })
        })
    }
}
