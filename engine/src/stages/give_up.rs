//! What becomes of a slice that a model could not process. See [`GiveUp`].

use bevy_ecs::{prelude::*, system::SystemParam};
use kernels::KernelError;

use crate::{
    entities::{Failed, Fault, Masks, Slice, SliceOf, Trial, Trials},
    models::ModelError,
};

/// Why the run cannot go on: its device failed. The batch in play is not reported.
#[derive(Resource, Clone, Debug)]
pub struct DeviceFailure(pub KernelError);

/// Ends the trials of a model on a slice; those of the other models go on.
#[derive(SystemParam)]
pub(super) struct GiveUp<'w, 's> {
    commands: Commands<'w, 's>,
    slices: Query<'w, 's, (&'static Slice, &'static SliceOf, &'static Masks)>,
    masks: Query<'w, 's, &'static Trials>,
    trials: Query<'w, 's, &'static Trial>,
}

impl GiveUp<'_, '_> {
    /// Despawns what `model` played on `slice`, and was to play, and notes why on the case. If it
    /// was the device that failed, the run ends.
    pub(super) fn model_on_slice(
        &mut self,
        model: usize,
        slice: Entity,
        error: &ModelError,
    ) -> Result {
        if let Some(failure) = error.device_failure() {
            self.commands
                .insert_resource(DeviceFailure(failure.clone()));
            return Ok(());
        }
        let (&Slice { index, .. }, case, masks) = self.slices.get(slice)?;
        for trial in masks.iter().filter_map(|mask| self.masks.get(mask).ok()) {
            for trial in trial.iter() {
                if self.trials.get(trial)?.model == model {
                    self.commands.entity(trial).despawn();
                }
            }
        }
        let fault = Fault {
            slice: Some(index),
            model: Some(model),
            reason: error.to_string(),
        };
        note(&mut self.commands.entity(case.0), fault);
        Ok(())
    }
}

/// Adds a fault to a case's others.
pub(super) fn note(case: &mut EntityCommands<'_>, fault: Fault) {
    case.entry::<Failed>()
        .or_default()
        .and_modify(|mut failed| failed.0.push(fault));
}
