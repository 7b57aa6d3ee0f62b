//! What changed from one run to another, on the same trials. See [`Change`].

use super::{Collection, Pair, Panel, pairs::compare};

/// One model and strategy on one object, in two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Dataset and object.
    pub object: String,
    /// The model's name.
    pub model: String,
    /// The strategy's name.
    pub strategy: String,
    /// Trials that only one of the runs has.
    pub unpaired: usize,
    /// The later run (`one`) against the earlier (`other`), on the trials that both have.
    pub pair: Pair,
}

/// Compares the collection's last run with its first, row by row: for each object, model and strategy
/// that both have, the IoU after the last prompt. P-values are not adjusted.
pub fn changes(collection: &Collection) -> Vec<Change> {
    let last = collection.runs.len().saturating_sub(1);
    let mut changes = Vec::new();
    for panel in &collection.panels {
        for (earlier, series) in panel.series.iter().enumerate() {
            let later = panel.series.iter().position(|other| {
                other.run == last
                    && (&other.model, &other.strategy) == (&series.model, &series.strategy)
            });
            let Some(later) = later.filter(|_| series.run == 0 && last > 0) else {
                continue;
            };
            changes.extend(change(panel, earlier, later));
        }
    }
    changes
}

fn change(panel: &Panel, earlier: usize, later: usize) -> Option<Change> {
    let pair = compare(panel, later, earlier)?;
    let [before, after] = [earlier, later].map(|index| &panel.series[index]);
    Some(Change {
        object: panel.name(),
        model: after.model.clone(),
        strategy: after.strategy.clone(),
        unpaired: before.curves.len() + after.curves.len() - 2 * pair.trials,
        pair,
    })
}
