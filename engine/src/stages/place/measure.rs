//! The deepest pixels of many prompts' regions, together. See [`measure`].

use kernels::{
    Device, KernelError,
    distance::{Farthest, Metric, farthest_of_all},
};

use super::Plan;

/// Returns for each plan the deepest pixels of its regions, measured on `device`: all regions of
/// one metric in one submission, as far as the device's buffers allow.
///
/// # Errors
/// When the device fails.
pub(super) fn measure(
    device: &Device,
    plans: &[Plan<'_, '_>],
) -> Result<Vec<Vec<Farthest>>, KernelError> {
    let mut measured = vec![Vec::new(); plans.len()];
    for metric in [Metric::Chamfer3, Metric::Chamfer5, Metric::Exact] {
        let plans = plans.iter().enumerate();
        let (owners, queries): (Vec<_>, Vec<_>) = plans
            .filter(|(_, plan)| plan.metric() == metric)
            .flat_map(|(owner, plan)| plan.queries().map(move |query| (owner, query)))
            .unzip();
        if queries.is_empty() {
            continue;
        }
        let found = farthest_of_all(device, &queries, metric)?;
        for (owner, deepest) in owners.into_iter().zip(found) {
            measured[owner].push(deepest);
        }
    }
    Ok(measured)
}
