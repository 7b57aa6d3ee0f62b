//! Fig. 1 of the study: the mean IoU of every object after one prompt. See [`bars`].

use kuva::{
    plot::BarPlot,
    prelude::{Layout, Plot},
    render::render::render_multiple,
};

use super::style::{Drawing, colour, ratios};
use crate::report::{Collection, Panel};

/// Draws a group of bars per object, one bar per series, with 95 % intervals over cases.
pub(super) fn bars(collection: &Collection) -> Drawing {
    let labels = collection.labels();
    let mut plot = BarPlot::new();
    let mut errors = Vec::new();
    for panel in &collection.panels {
        let values = labels.iter().enumerate().map(|(index, label)| {
            let (mean, error) = bar(panel, label);
            errors.push(error);
            (mean, colour(index))
        });
        let values: Vec<_> = values.collect();
        plot = plot.with_group(panel.name(), values);
    }
    let plot = plot
        .with_legend(labels.clone())
        .with_asymmetric_error(errors);
    let plots = vec![Plot::Bar(plot)];
    let width = 160.0 + collection.panels.len() as f64 * (30.0 + 22.0 * labels.len() as f64);
    let layout = ratios(
        Layout::auto_from_plots(&plots),
        "After one prompt",
        "mean IoU",
    )
    .with_width(width.clamp(420.0, 2400.0))
    .with_height(380.0)
    .with_x_tick_rotate(-35.0);
    Drawing::new(
        "fig1_one_prompt",
        "Mean IoU of every object after one prompt. Bars: models and strategies; whiskers: 95 % bootstrap intervals over cases."
            .to_owned(),
        render_multiple(plots, layout),
    )
}

/// Returns mean and whiskers of the series of that label; nothing where the panel has none.
fn bar(panel: &Panel, label: &str) -> (f64, (f64, f64)) {
    let Some(series) = panel.series.iter().find(|series| series.label == label) else {
        return (0.0, (0.0, 0.0));
    };
    let (means, intervals) = &series.means;
    let error = intervals.as_ref().map_or((0.0, 0.0), |intervals| {
        (means[0] - intervals[0].low, intervals[0].high - means[0])
    });
    (means[0], error)
}
