//! What stays the same for a whole run: the scenario with its datasets opened and its models built.
//! See [`Study`].

use std::sync::Arc;

use bevy_ecs::prelude::*;

use crate::{
    datasets::Dataset,
    models::Model,
    scenario::{Draws, Protocol, Scenario, Strategy},
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
    /// The scenario's strategies with their rules resolved, in its order.
    pub strategies: Vec<(Strategy, Protocol)>,
}

impl Study {
    /// Resolves the rules of every strategy.
    pub fn new(
        scenario: Scenario,
        datasets: Vec<Box<dyn Dataset>>,
        models: Vec<Box<dyn Model>>,
    ) -> Self {
        let strategies = scenario
            .strategies
            .iter()
            .map(|strategy| (strategy.clone(), scenario.protocol_of(strategy)))
            .collect();
        Self {
            scenario,
            datasets: datasets.into(),
            models,
            strategies,
        }
    }

    /// Says whether some rule consumes one random stream in order, so that trials must follow
    /// one another.
    pub fn is_sequential(&self) -> bool {
        self.strategies
            .iter()
            .any(|(_, protocol)| matches!(protocol.ties, Draws::Legacy { .. }))
    }

    /// Returns how many cases there are in all datasets.
    pub fn cases(&self) -> usize {
        self.datasets
            .iter()
            .map(|dataset| dataset.cases().len())
            .sum()
    }
}
