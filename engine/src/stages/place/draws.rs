//! Which generator a trial draws from. See [`Streams`].

use std::collections::BTreeMap;

use bevy_ecs::prelude::*;

use crate::{
    random::{Draw, DrawKey, First, Keyed, Legacy},
    scenario::Draws,
};

/// The legacy streams in use: by dataset, model and name. They run on from trial to trial.
#[derive(Resource, Debug, Default)]
pub(super) struct Streams(BTreeMap<(usize, usize, String), Legacy>);

impl Streams {
    /// Calls `place` with the generator that `rule` asks for. `owner` says whose stream it is by
    /// default: (dataset, model, strategy).
    pub(super) fn with<R>(
        &mut self,
        rule: &Draws,
        key: &DrawKey<'_>,
        (dataset, model, strategy): (usize, usize, &str),
        place: impl FnOnce(&mut dyn Draw) -> R,
    ) -> R {
        match rule {
            Draws::Random => place(&mut Keyed::new(key)),
            Draws::First => place(&mut First),
            Draws::Legacy { seed, stream } => {
                let name = stream.as_deref().unwrap_or(strategy).to_owned();
                let stream = self.0.entry((dataset, model, name));
                place(stream.or_insert_with(|| Legacy::new(*seed)))
            }
        }
    }
}
